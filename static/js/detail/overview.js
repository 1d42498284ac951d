/** The tab with all attributes, each with what it means, below the charts. */

import * as explain from "../words/explain.js";
import { clock, duration, exitcode, uptime } from "../words/format.js";
import { holdsNow, waitsFor } from "../words/holding.js";
import { store } from "../state/store.js";
import { fill, part, stamp } from "../dom/template.js";
import { openUsage } from "./usage.js";

const DASH = "–";
const SECOND_MS = 1000;
const figure = (value) => value.toLocaleString("en", { maximumFractionDigits: 1 });
const yes = (flag) => (flag ? "yes" : "no");
const when = (at) => (at ? `${new Date(at * 1000).toLocaleDateString("en-CA")} ${clock(at)}` : DASH);

/** [label, value, what it means, whether the value is code] */
const ROWS = [
  ["Name", (p) => p.name],
  ["Target", (p) => p.target.replace(/\(.*\)$/s, ""), (p) => (p.workload ? `workload ${p.workload}` : ""), "code"],
  ["Arguments", call, null, "code"],
  ["Start method", (p) => p.start_method, explain.startMethod],
  ["Daemon", (p) => yes(p.daemon), (p) => explain.daemon(p.daemon)],
  ["Parent", (p) => p.ppid ?? DASH, explain.parent, "num"],
  ["Started by", (p) => p.started_by ?? DASH, (p) => (p.started_by ? "The process that called start()." : ""), "num"],
  ["Exit code", (p) => exitcode(p.exitcode), explain.exit, "num"],
  ["Cause", (p) => p.cause ?? DASH],
  ["Sentinel", (p) => (p.sentinel ? `fd ${p.sentinel.fd} · ${p.sentinel.ready ? "ready" : "waiting"}` : DASH), explain.sentinel, "num"],
  ["Started", (p) => when(p.start_time), (p) => (p.booted || !p.start_time ? "" : "Its own code has not begun to run."), "num"],
  ["Ended", (p) => when(p.exited_at), null, "num"],
  ["Uptime", (p) => duration(uptime(p, store.now())), null, "num"],
  ["Threads, files", (p) => `${p.threads ?? DASH} threads · ${p.fds ?? DASH} fds`, (p) => (p.os_state ? `The OS calls it ${p.os_state}.` : ""), "num"],
  ["Descendants", (p) => p.descendants, null, "num"],
  ["Waits", (p) => (p.program ? waitsFor(p.pid, store.now()).replace(/^waits /, "") || DASH : null)],
  ["Holds", (p) => (p.program ? holdsNow(p.pid).replace(/^holds /, "") || "nothing" : null)],
  ["Join", (p) => (p.observed ? "by its parent" : p.auto_join ? "by itself" : "by hand"), explain.autoJoin],
  ["Grace", (p) => `${p.grace_s} s`, explain.grace, "num"],
  ["Restart", (p) => (p.observed ? null : p.restart?.policy ?? "never"), explain.restart],
  ["Stuck after", (p) => (p.stuck_after_s ? `${p.stuck_after_s} s` : "default"), () => "Without a report, CPU time or anything else that shows progress.", "num"],
  ["Preload", (p) => (p.observed ? null : p.start_method === "forkserver" ? yes(p.preloaded) : DASH), explain.preload],
];

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function open(panel, id) {
  const list = part(panel, "rows");
  list.append(...ROWS.map(row));
  const closeUsage = openUsage(panel, id);
  const show = () => store.processes.has(id) && render(panel, list, store.processes.get(id));
  const stop = store.subscribe(({ processes, reset }) => (reset || processes.has(id)) && show());
  const timer = setInterval(show, SECOND_MS);
  show();
  return () => { stop(); clearInterval(timer); closeUsage(); };
}

function row([label, , , kind]) {
  const made = stamp("fact");
  fill(made, { label });
  if (kind) made.querySelector('[data-text="value"]').classList.add(kind);
  return made;
}

function render(panel, list, process) {
  ROWS.forEach(([, value, why], at) => {
    const said = value(process);
    list.children[at].hidden = said === null;
    fill(list.children[at], { value: said, why: why?.(process) });
  });
  showProgress(panel, process);
}

/** `square(8214, base=2)`-like: what was passed. */
function call({ params, args, kwargs }) {
  const named = Object.entries({ ...params, ...kwargs }).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [...(args ?? []).map((one) => JSON.stringify(one)), ...named].join(", ") || DASH;
}

function showProgress(panel, { progress }) {
  const box = part(panel, "progress");
  box.hidden = !progress;
  if (!progress) return;
  const { done, total, note } = progress;
  const bar = box.querySelector("progress");
  bar.hidden = !total;
  if (total) bar.value = Math.min(1, done / total);
  const share = total ? `${Math.floor((100 * done) / total)} % · ${figure(done)} of ${figure(total)}` : figure(done);
  fill(box, { progress: [share, note].filter(Boolean).join(" · ") });
}
