/** The panel of a worker: its attributes, actions and stack. */

import { fill, onPress, part, stamp } from "../../dom/dom.js";
import * as explain from "../../words/explain.js";
import { ABSENT, bytes, count, duration, exitcode, percent } from "../../words/format.js";
import { busySeconds } from "../../state/clock.js";
import { workerState } from "../../words/pools.js";
import { taskName } from "../../words/tasks.js";
import { openStack } from "../../detail/stack.js";
import { route } from "../../state/router.js";
import { appendFacts } from "../../widgets/facts.js";
import { actOnWorker, possible } from "./actions.js";

/** A worker as `explain` expects a process. */
const asProcess = (worker) => ({ ...worker, alive: worker.state !== "ended" });

/** @type {import("../../widgets/facts.js").Row[]} */
const FACTS = [
  ["State", (one) => `${workerState(one).icon} ${workerState(one).word}`, (one) => one.stuck?.detail ?? ""],
  ["Task", (one) => (one.task ? taskName(one.task) : "none"), (one) => (one.task?.attempt > 1 ? `Attempt ${one.task.attempt}.` : "")],
  ["Call", (one) => (one.task ? `${one.task.function}(${one.task.arguments})` : ABSENT), null, "code"],
  ["Running for", (one, pool) => duration(busySeconds(pool.id, one)), null, "num"],
  ["Prefetched", (one) => count(one.prefetched), (one) => (one.prefetched ? "These tasks move to other workers if it exits or is suspended." : ""), "num"],
  ["Tasks done", (one) => count(one.tasks_done), null, "num"],
  ["Utilization", (one) => percentage(one.working_share), (one) => (percentage(one.working_share) === ABSENT ? "" : "Share of its lifetime spent on tasks."), "num"],
  ["Name", (one) => one.name || ABSENT],
  ["Parent", (one) => one.ppid ?? ABSENT, null, "num"],
  ["Daemon", (one) => (one.daemon ? "yes" : "no"), (one) => explain.daemon(one.daemon)],
  ["Exit code", (one) => exitcode(one.exitcode), (one) => explain.exit(asProcess(one)), "num"],
  ["Sentinel", (one) => explain.sentinelText(one.sentinel, "fd "), (one) => explain.sentinel(asProcess(one)), "num"],
  ["CPU, memory", (one) => `${percent(one.cpu_percent)} % · ${bytes(one.rss_bytes)}`, null, "num"],
  ["Threads", (one) => count(one.threads), (one) => explain.osState(one.os_state), "num"],
  ["Uptime", (one) => duration(one.uptime_s), null, "num"],
];
const percentage = (value) => (value === null || value === undefined ? ABSENT : `${Math.round(value * 100)} %`);

/** @param {HTMLElement} panel @param {string} pool id @param {string} wanted pid @param {HTMLElement} aside */
export function open(panel, pool, wanted, aside) {
  const pid = Number(wanted);
  const showFacts = appendFacts(part(panel, "facts"), FACTS);
  fill(aside, { "panel-title": `Worker ${wanted}` });
  onPress(part(panel, "actions"), "button", (button) => actOnWorker(button.dataset.verb, pool, pid, button));
  const stack = stamp("tab-stack");
  part(panel, "stack").replaceChildren(stack);
  const close = openStack(stack, pool, { pid, now: Boolean(route().params.get("stack")) });
  let last = null;
  return {
    show(record) {
      // The record of the pool drops replaced workers after a while; their last state stays shown.
      last = record.workers.find((one) => one.pid === pid) ?? (last && { ...last, state: "ended", task: null, stuck: null });
      part(panel, "missing").hidden = Boolean(last);
      part(panel, "known").hidden = !last;
      if (!last) return;
      showFacts(last, record);
      const verbs = possible(last);
      for (const button of part(panel, "actions").children) button.hidden = !verbs.includes(button.dataset.verb);
      part(panel, "stack").hidden = last.state === "ended";
    },
    close,
  };
}
