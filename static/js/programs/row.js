/** What stands in the row of one process of a program. */

import { mark, put } from "../dom/dom.js";
import { OS_STATES } from "../words/explain.js";
import { ABSENT, count, duration, exitcode, mebibytes, percent, stateOf, uptime } from "../words/format.js";
import { holdsNow, waitsFor } from "../words/holding.js";
import { outcome } from "../words/outcome.js";
import { detailHref } from "../state/router.js";
import { store } from "../state/store.js";

/** @param {HTMLElement} row @param {Record<string, HTMLElement>} cells @param {import("./tree.js").Member} member @param {number} now @param {Set<any>} amber pids that stand still */
export function showProcess(row, cells, { kind, record, depth }, now, amber) {
  const process = kind === "process";
  const { icon, word, tone, dim } = process ? waitingState(record) : { icon: "●", word: OS_STATES[record.state] ?? record.state, tone: "ok", dim: false };
  row.style.setProperty("--depth", String(Math.min(depth, 8)));
  mark(row, "depth", depth > 0 ? depth : null);
  mark(row, "dead", dim);
  put(cells.name, record.name);
  const href = detailHref(process ? record.id : record.root, process ? null : "descendants");
  if (cells.name.getAttribute("href") !== href) cells.name.setAttribute("href", href);
  put(cells.target, process ? purposeOf(record) : record.command);
  mark(cells.state, "tone", tone);
  put(cells.icon, icon);
  put(cells.word, word);
  for (const field of ["pid", "ppid"]) put(cells[field], record[field] ?? ABSENT);
  put(cells.daemon, process ? (record.daemon ? "yes" : "no") : ABSENT);
  put(cells.method, process ? record.start_method : ABSENT);
  put(cells.cpu, percent(dim ? null : record.cpu_percent));
  put(cells.rss, mebibytes(dim ? null : record.rss_bytes));
  put(cells.threads, count(dim ? null : record.threads));
  put(cells.up, duration(process ? uptime(record, now) : now - record.start_time));
  put(cells.exit, exitcode(process ? record.exitcode : null));
  put(cells.sentinel, process && record.sentinel ? `${record.sentinel.fd} ${record.sentinel.ready ? "ready" : "waiting"}` : ABSENT);
  mark(cells.waits, "tone", amber.has(record.pid) ? "warn" : null);
  showWhat(cells, process ? record : null, now);
}

/** Its target as the program wrote it. */
function purposeOf({ workload, target, name, id, program }) {
  const words = id === program ? "" : (workload ?? target).replace(/^__main__\./, "");
  return words === name ? "" : words;
}

/** Who stands in a circle is stuck, whatever the clock of progress says. */
function waitingState(record) {
  const shown = stateOf(record);
  const circle = record.alive && store.waits.cycles.some((cycle) => cycle.includes(record.pid));
  return circle && shown.tone !== "warn" ? { ...shown, icon: "▲", tone: "warn", word: "deadlocked" } : shown;
}

function showWhat(cells, record, now) {
  const told = record ? outcome(record, now) : { words: "not observed: only what the OS tells" };
  const waits = record?.alive ? waitsFor(record.pid, now) : "";
  const holds = record?.alive ? holdsNow(record.pid) : "";
  put(cells.waits, waits);
  put(cells.holds, holds);
  put(cells.told, waits || holds ? "" : told.words);
  mark(cells.told, "tone", told.tone ?? "dim");
  cells.what.title = [waits, holds, told.words].filter(Boolean).join(" · ");
}
