/** The table of the jobs of a pool, newest first. */

import { part, setAttr, setData, setText } from "../../dom/dom.js";
import { ABSENT, count, duration, plural } from "../../words/format.js";
import { Keyed, mountRowClicks, showState } from "../../dom/rows.js";
import { elapsedSeconds } from "../../state/clock.js";
import { jobState } from "../../words/pools.js";
import { progressText, onlyStuckTasksLeft } from "../../words/tasks.js";
import { poolHref, route } from "../../state/router.js";

const root = document.getElementById("pool");
const box = part(root, "jobs");
let pool = null;

const rows = new Keyed(part(box, "rows"), "job", { key: ({ id }) => id, update: (row, cells, job) => update(row, cells, job) });

/** Follow clicks on rows. */
export function startJobs() {
  mountRowClicks(part(box, "rows"));
}

/** @param {object} shown the open pool */
export function showJobs(shown) {
  pool = shown;
  const { jobs = [], jobs_not_shown: older = 0 } = pool;
  rows.show(jobs.toReversed());
  setText(part(box, "count"), [jobs.length && plural(jobs.length, "job"), older && `${count(older)} older not shown`].filter(Boolean).join(" · "));
  part(box, "none").hidden = jobs.length > 0;
  part(box, "scroll").hidden = !jobs.length;
}

function update(row, cells, job) {
  setData(row, "open", Number(route().params.get("job")) === job.id);
  setData(row, "dead", jobState(job).dim);
  setAttr(cells.id, "href", poolHref(pool.id, { job: job.id }));
  setText(cells.id, job.id);
  setText(cells.method, job.method);
  setText(cells.function, job.function);
  setText(cells.error, job.error ?? "");
  cells.what.title = job.error ?? "";
  showProgress(cells, job);
  setText(cells.rate, job.state === "running" ? count(roundRate(job.tasks_per_s)) : ABSENT);
  setText(cells.left, timeLeft(pool, job));
  number(cells.failed, job.failed);
  number(cells.lost, job.lost);
  number(cells.retried, job.retried);
  setText(cells.elapsed, duration(elapsedSeconds(job)));
}

/** Show bar, figures and state; also in the panel of a job. @param {Record<string, HTMLElement>} cells @param {object} job */
export function showProgress(cells, job) {
  showState(cells, jobState(job));
  setText(cells.progress, progressText(job));
  const share = (n) => `${job.total ? Math.min(100, (100 * n) / job.total).toFixed(1) : 0}%`;
  for (const [bar, n] of [["done", job.done], ["raised", job.failed], ["missing", job.lost]]) if (cells[bar].style.width !== share(n)) cells[bar].style.width = share(n);
}

/** A count that is dimmed at 0. */
function number(cell, value) {
  setText(cell, value ? count(value) : "0");
  setData(cell, "some", value > 0);
}

/** Round to one decimal below 10. @param {number|null} rate */
export const roundRate = (rate) => (rate === null || rate === undefined ? null : rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate));

/** The estimated time left: "4 s". @param {object} pool @param {object} job */
export function timeLeft(pool, job) {
  const { state, left_s: seconds } = job;
  const known = state === "running" && seconds !== null && seconds !== undefined && !onlyStuckTasksLeft(pool, job);
  return known ? duration(Math.ceil(seconds)) : ABSENT;
}
