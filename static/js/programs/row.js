/** The row of a process of a program. */

import { setAttr, setData, setTexts } from "../dom/dom.js";
import { showState } from "../dom/rows.js";
import { OS_STATES, sentinelText } from "../words/explain.js";
import { ABSENT, count, duration, exitcode, mebibytes, percent, stateOf, uptime } from "../words/format.js";
import { locksHeldBy, waitsFor } from "../words/holding.js";
import { outcome } from "../words/outcome.js";
import { detailHref } from "../state/router.js";
import { store } from "../state/store.js";

/** @param {HTMLElement} row @param {Record<string, HTMLElement>} cells @param {import("./tree.js").Member} member @param {number} now @param {Set<any>} blocked pids of blocking findings */
export function showProcess(row, cells, { kind, record, depth }, now, blocked) {
  const process = kind === "process";
  const shown = process ? deadlockState(record) : { icon: "●", word: OS_STATES[record.state] ?? record.state, tone: "ok", dim: false };
  row.style.setProperty("--depth", String(Math.min(depth, 8)));
  setData(row, "depth", depth > 0 ? depth : null);
  setData(row, "dead", shown.dim);
  setAttr(cells.name, "href", detailHref(process ? record.id : record.root, process ? null : "descendants"));
  showState(cells, shown);
  setTexts(cells, {
    name: record.name, target: process ? targetOf(record) : record.command, pid: record.pid ?? ABSENT, ppid: record.ppid ?? ABSENT,
    daemon: process ? (record.daemon ? "yes" : "no") : ABSENT, method: process ? record.start_method : ABSENT,
    exit: exitcode(process ? record.exitcode : null), sentinel: sentinelText(process ? record.sentinel : null),
    cpu: percent(shown.dim ? null : record.cpu_percent), rss: mebibytes(shown.dim ? null : record.rss_bytes),
    threads: count(shown.dim ? null : record.threads), up: duration(process ? uptime(record, now) : now - record.start_time),
  });
  setData(cells.waits, "tone", blocked.has(record.pid) ? "warn" : null);
  showWhat(cells, process ? record : null, now);
}

/** Return the target as the program names it. */
function targetOf({ workload, target, name, id, program }) {
  const words = id === program ? "" : (workload ?? target).replace(/^__main__\./, "");
  return words === name ? "" : words;
}

/** A process in a cycle is deadlocked, which says more than that it is stuck. */
function deadlockState(record) {
  const shown = stateOf(record);
  const deadlocked = record.alive && store.waits.cycles.some((cycle) => cycle.includes(record.pid));
  return deadlocked && (shown.tone !== "warn" || shown.group === "stuck") ? { ...shown, icon: "▲", tone: "warn", word: "deadlocked" } : shown;
}

function showWhat(cells, record, now) {
  const shown = record ? outcome(record, now) : { words: "not observed" };
  const waits = record?.alive ? waitsFor(record.pid, now) : "";
  const held = record?.alive ? locksHeldBy(record.pid) : "";
  const holds = held && `holds ${held}`;
  setTexts(cells, { waits, holds, outcome: waits || holds ? "" : shown.words });
  setData(cells.outcome, "tone", shown.tone ?? "dim");
  cells.what.title = [waits, holds, shown.words].filter(Boolean).join(" · ");
}
