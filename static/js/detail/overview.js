/** The Overview tab: charts, and all attributes with their meaning. */

import * as explain from "../words/explain.js";
import { ABSENT, bytes, clock, duration, exitcode, percent, uptime } from "../words/format.js";
import { locksHeldBy, waitsFor } from "../words/holding.js";
import { store } from "../state/store.js";
import { fill, part } from "../dom/dom.js";
import { appendFacts } from "../widgets/facts.js";
import { fetchHistory, openSeries } from "../widgets/series.js";

const SECOND_MS = 1000;
const figure = (value) => value.toLocaleString("en", { maximumFractionDigits: 1 });
const yes = (flag) => (flag ? "yes" : "no");
const when = (at) => (at ? `${new Date(at * 1000).toLocaleDateString("en-CA")} ${clock(at)}` : ABSENT);

const MIB = 1024 * 1024;
const PERCENTS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 400, 800, 1600, 3200];
const SIZES = Array.from({ length: 24 }, (_, power) => (MIB / 4) * 2 ** power);
const CHARTS = [
  { name: "cpu", field: "cpu_percent", format: percent, least: 10, steps: PERCENTS },
  { name: "rss", field: "rss_bytes", format: bytes, least: MIB, steps: SIZES },
];

/** @type {import("../widgets/facts.js").Row[]} */
const ROWS = [
  ["Name", (p) => p.name],
  ["Target", (p) => p.target.replace(/\(.*\)$/s, ""), (p) => (p.workload ? `workload ${p.workload}` : ""), "code"],
  ["Arguments", passedArguments, null, "code"],
  ["Start method", (p) => p.start_method, explain.startMethod],
  ["Daemon", (p) => yes(p.daemon), (p) => explain.daemon(p.daemon)],
  ["Parent", (p) => p.ppid ?? ABSENT, explain.parent, "num"],
  ["Started by", (p) => p.started_by ?? ABSENT, (p) => (p.started_by ? "Called start()." : ""), "num"],
  ["Exit code", (p) => exitcode(p.exitcode), explain.exit, "num"],
  ["Cause", (p) => p.cause ?? ABSENT],
  ["Sentinel", (p) => explain.sentinelText(p.sentinel, "fd "), explain.sentinel, "num"],
  ["Started", (p) => when(p.start_time), explain.started, "num"],
  ["Exited", (p) => when(p.exited_at), null, "num"],
  ["Uptime", (p) => duration(uptime(p, store.now())), null, "num"],
  ["Threads, files", (p) => `${p.threads ?? ABSENT} threads · ${p.fds ?? ABSENT} fds`, (p) => explain.osState(p.os_state), "num"],
  ["Descendants", (p) => p.descendants, null, "num"],
  ["Blocked", (p) => (p.program ? waitsFor(p.pid, store.now()) || "no" : null)],
  ["Locks held", (p) => (p.program ? locksHeldBy(p.pid) || "none" : null)],
  ["Join", (p) => (p.observed ? "by its parent" : p.auto_join ? "automatic" : "manual"), explain.autoJoin],
  ["Grace period", (p) => `${p.grace_s} s`, explain.grace, "num"],
  ["Restart", (p) => (p.observed ? null : p.restart?.policy ?? "never"), explain.restart],
  ["Stuck after", (p) => (p.stuck_after_s ? `${p.stuck_after_s} s` : "default"), () => "Without reports, CPU time or other signs of progress.", "num"],
  ["Preloaded", (p) => (p.observed ? null : p.start_method === "forkserver" ? yes(p.preloaded) : ABSENT), explain.preload],
];

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function open(panel, id) {
  const update = appendFacts(part(panel, "rows"), ROWS);
  const closeCharts = openSeries(panel, CHARTS, {
    record: () => store.processes.get(id), alive: ({ alive }) => alive, past: () => fetchHistory("processes", id),
  });
  const show = () => {
    const process = store.processes.get(id);
    if (!process) return;
    update(process);
    showProgress(panel, process);
  };
  const stop = store.subscribe(({ processes, reset }) => (reset || processes.has(id)) && show());
  const timer = setInterval(show, SECOND_MS);
  show();
  return () => { stop(); clearInterval(timer); closeCharts(); };
}

/** "8214, base=2" */
function passedArguments({ params, args, kwargs }) {
  const named = Object.entries({ ...params, ...kwargs }).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [...(args ?? []).map((one) => JSON.stringify(one)), ...named].join(", ") || ABSENT;
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
