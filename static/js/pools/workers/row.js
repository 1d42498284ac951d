/** The row of a worker. */

import { setData, setText, setTexts } from "../../dom/dom.js";
import { showState } from "../../dom/rows.js";
import { sentinelText } from "../../words/explain.js";
import { ABSENT, count, duration, exitcode, mebibytes, percent } from "../../words/format.js";
import { busySeconds } from "../../state/clock.js";
import { exitText, workerState } from "../../words/pools.js";
import { callOf, taskName } from "../../words/tasks.js";

/** @param {HTMLElement} row @param {Record<string, HTMLElement>} cells @param {object} pool @param {object} worker */
export function showWorker(row, cells, pool, worker) {
  const { pid, ppid, daemon, exitcode: code, sentinel, task, tasks_done: done, working_share: share } = worker;
  const shown = workerState(worker);
  setData(row, "dead", shown.dim);
  setData(row, "stuck", Boolean(worker.stuck) && !shown.dim);
  showState(cells, shown);
  setTexts(cells, {
    pid, ppid: ppid ?? ABSENT, daemon: daemon ? "yes" : "no", exit: exitcode(code), sentinel: sentinelText(sentinel),
    task: task && taskName(task), call: task && callOf(task), note: noteOf(worker), for: duration(busySeconds(pool.id, worker)), done: count(done),
    cpu: percent(shown.dim ? null : worker.cpu_percent), rss: mebibytes(shown.dim ? null : worker.rss_bytes),
  });
  showShare(cells, share);
  cells.what.title = [task && `${taskName(task)}: ${callOf(task)}`, noteOf(worker)].filter(Boolean).join(" · ");
}

/** The note beside its task. */
function noteOf({ state, stuck, prefetched, exitcode: code }) {
  if (state === "ended") return code ? exitText(code) : "";
  if (stuck) return stuck.detail;
  if (state === "retiring") return "exits after this task";
  return prefetched && state === "suspended" ? `${prefetched} prefetched` : "";
}

/** @param {Record<string, HTMLElement>} cells @param {number|null} share of its lifetime spent on tasks */
function showShare({ share: bar, percent: figure }, share) {
  const known = share !== null && share !== undefined;
  const width = `${known ? Math.round(share * 100) : 0}%`;
  if (bar.style.width !== width) bar.style.width = width;
  setText(figure, known ? `${Math.round(share * 100)} %` : ABSENT);
}
