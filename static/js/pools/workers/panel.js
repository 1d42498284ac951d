/** The panel of one worker: all that is known of it, what can be done to it, and its stack. */

import { put } from "../../dom/dom.js";
import { daemon as explainDaemon, exit as explainExit, OS_STATES, sentinel as explainSentinel } from "../../words/explain.js";
import { ABSENT, bytes, count, duration, exitcode, percent } from "../../words/format.js";
import { busyFor } from "../../state/clock.js";
import { workerState } from "../../words/pools.js";
import { reasonOf, taskName } from "../../words/tasks.js";
import { openStack } from "../../detail/stack.js";
import { route } from "../../state/router.js";
import { fill, part, stamp } from "../../dom/template.js";
import { actOnWorker, possible } from "./acts.js";

/** As `explain` wants it. */
const asProcess = (worker) => ({ ...worker, alive: worker.state !== "ended" });

const FACTS = [
  ["State", (one) => `${workerState(one).icon} ${workerState(one).word}`, (one) => reasonOf(one.stuck)],
  ["Task", (one) => (one.task ? taskName(one.task) : "none"), (one) => (one.task?.attempt > 1 ? `This is try ${one.task.attempt}.` : "")],
  ["Call", (one) => (one.task ? `${one.task.function}(${one.task.arguments})` : ABSENT), null, "code"],
  ["For", (one, pool) => duration(busyFor(pool.id, one)), null, "num"],
  ["Waiting in it", (one) => count(one.prefetched), (one) => (one.prefetched ? "They move to others if it ends or stops." : ""), "num"],
  ["Tasks done", (one) => count(one.tasks_done), null, "num"],
  ["Working", (one) => share(one.working_share), (one) => share(one.working_share) !== ABSENT ? `of its life so far; waiting ${share(1 - one.working_share)}.` : "", "num"],
  ["Name", (one) => one.name || ABSENT],
  ["Parent", (one) => one.ppid ?? ABSENT, () => "The parent of the OS.", "num"],
  ["Daemon", (one) => (one.daemon ? "yes" : "no"), (one) => explainDaemon(one.daemon)],
  ["Exit code", (one) => exitcode(one.exitcode), (one) => explainExit(asProcess(one)), "num"],
  ["Sentinel", (one) => (one.sentinel ? `fd ${one.sentinel.fd} · ${one.sentinel.ready ? "ready" : "waiting"}` : ABSENT), (one) => explainSentinel(asProcess(one)), "num"],
  ["CPU, memory", (one) => `${percent(one.cpu_percent)} % · ${bytes(one.rss_bytes)}`, null, "num"],
  ["Threads", (one) => count(one.threads), (one) => (one.os_state ? `The OS calls it ${OS_STATES[one.os_state] ?? one.os_state}.` : ""), "num"],
  ["Uptime", (one) => duration(one.uptime_s), null, "num"],
];
const share = (value) => (value === null || value === undefined ? ABSENT : `${Math.round(value * 100)} %`);

/** @param {HTMLElement} panel @param {string} pool id @param {string} wanted pid @param {HTMLElement} aside */
export function open(panel, pool, wanted, aside) {
  const pid = Number(wanted);
  const rows = FACTS.map(([label, , , kind]) => row(label, kind));
  part(panel, "facts").append(...rows);
  fill(aside, { beside: `Worker ${wanted}` });
  part(panel, "acts").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) actOnWorker(button.dataset.verb, pool, pid, button);
  });
  const stack = stamp("tab-stack");
  part(panel, "stack").replaceChildren(stack);
  const close = openStack(stack, pool, { pid, now: Boolean(route().params.get("stack")) });
  const last = { worker: null };
  return {
    show(present) {
      // One that was replaced is gone from the record after a while: its last is still of interest.
      const found = present.workers.find((one) => one.pid === pid);
      last.worker = found ?? (last.worker && { ...last.worker, state: "ended", task: null, stuck: null });
      part(panel, "gone").hidden = Boolean(last.worker);
      part(panel, "known").hidden = !last.worker;
      if (last.worker) render(panel, rows, present, last.worker);
    },
    close,
  };
}

function row(label, kind) {
  const made = stamp("fact");
  fill(made, { label });
  if (kind) made.querySelector("[data-text=value]").classList.add(kind);
  return made;
}

function render(panel, rows, pool, worker) {
  FACTS.forEach(([, value, why], at) => {
    put(rows[at].querySelector("[data-text=value]"), value(worker, pool));
    put(rows[at].querySelector("[data-text=why]"), why?.(worker) ?? "");
  });
  const verbs = possible(worker);
  for (const button of part(panel, "acts").children) button.hidden = !verbs.includes(button.dataset.verb);
  part(panel, "stack").hidden = worker.state === "ended";
}
