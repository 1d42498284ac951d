/** What stands in the row of one worker. */

import { mark, put } from "../../dom/dom.js";
import { ABSENT, count, duration, exitcode, mebibytes, percent } from "../../words/format.js";
import { busyFor } from "../../state/clock.js";
import { ending, workerState } from "../../words/pools.js";
import { callOf, reasonOf, taskName } from "../../words/tasks.js";

/** @param {HTMLElement} row @param {Record<string, HTMLElement>} cells @param {object} pool @param {object} worker */
export function showWorker(row, cells, pool, worker) {
  const { pid, ppid, daemon, exitcode: code, sentinel, task, tasks_done: done, working_share: share } = worker;
  const { icon, word, tone, dim } = workerState(worker);
  mark(row, "dead", dim);
  mark(row, "stuck", Boolean(worker.stuck) && !dim);
  mark(cells.state, "tone", tone);
  put(cells.icon, icon);
  put(cells.word, word);
  put(cells.pid, pid);
  put(cells.ppid, ppid ?? ABSENT);
  put(cells.daemon, daemon ? "yes" : "no");
  put(cells.exit, exitcode(code));
  put(cells.sentinel, sentinel ? `${sentinel.fd} ${sentinel.ready ? "ready" : "waiting"}` : ABSENT);
  put(cells.task, task ? taskName(task) : "");
  put(cells.call, task ? callOf(task) : "");
  put(cells.why, why(worker));
  put(cells.for, duration(busyFor(pool.id, worker)));
  put(cells.done, count(done));
  showShare(cells, share);
  put(cells.cpu, percent(dim ? null : worker.cpu_percent));
  put(cells.rss, mebibytes(dim ? null : worker.rss_bytes));
  cells.what.title = [task && `${taskName(task)}: ${callOf(task)}`, why(worker)].filter(Boolean).join(" · ");
}

/** What is to be said beside its task. */
function why({ state, stuck, prefetched, exitcode: code }) {
  if (state === "ended") return code ? `ended by ${ending(code)}` : "";
  if (stuck) return reasonOf(stuck);
  if (state === "retiring") return "ends after this task";
  return prefetched && state === "suspended" ? `${prefetched} tasks wait in it` : "";
}

/** @param {Record<string, HTMLElement>} cells @param {number|null} share of its life that it had a task */
export function showShare({ share: bar, percent: figure }, share) {
  const known = share !== null && share !== undefined;
  const width = `${known ? Math.round(share * 100) : 0}%`;
  if (bar.style.width !== width) bar.style.width = width;
  put(figure, known ? `${Math.round(share * 100)} %` : ABSENT);
}
