/** The table of the jobs of a pool, newest first. */

import { part, setAttr, setData, setText, setTexts } from "../../dom/dom.js";
import { ABSENT, count, duration, plural } from "../../words/format.js";
import { Keyed, mountRowClicks, showState } from "../../dom/rows.js";
import { elapsedSeconds } from "../../state/clock.js";
import { jobState } from "../../words/pools.js";
import { progressText, onlyStuckTasksLeft } from "../../words/tasks.js";
import { poolHref, route } from "../../state/router.js";

const root = document.getElementById("pool");
const box = part(root, "jobs");
let pool = null;

const rows = new Keyed(part(box, "rows"), "job", { key: ({ id }) => id, update });

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
  setTexts(cells, {
    id: job.id, method: job.method, function: job.function, error: job.error ?? "", left: timeLeft(pool, job),
    rate: job.state === "running" ? count(roundRate(job.tasks_per_s)) : ABSENT, elapsed: duration(elapsedSeconds(job)),
  });
  showCounts(cells, job, ["failed", "lost", "retried"]);
  cells.what.title = job.error ?? "";
  showProgress(cells, job);
}

/** Show bar, figures and state; also in the panel of a job. @param {Record<string, HTMLElement>} cells @param {object} job */
export function showProgress(cells, job) {
  showState(cells, jobState(job));
  setText(cells.progress, progressText(job));
  const share = (n) => `${job.total ? Math.min(100, (100 * n) / job.total).toFixed(1) : 0}%`;
  for (const [bar, n] of [["done", job.done], ["raised", job.failed], ["missing", job.lost]]) if (cells[bar].style.width !== share(n)) cells[bar].style.width = share(n);
}

/** Show counts, those at 0 dimmed by the style. @param {Record<string, HTMLElement>} cells @param {object} record @param {string[]} names of the fields and their cells */
export function showCounts(cells, record, names) {
  for (const name of names) {
    setText(cells[name], count(record[name]));
    setData(cells[name], "some", record[name] > 0);
  }
}

/** Round to one decimal below 10. @param {number|null} rate */
export const roundRate = (rate) => (rate === null || rate === undefined ? null : rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate));

/** The estimated time left: "4 s". @param {object} pool @param {object} job */
export function timeLeft(pool, job) {
  const { state, left_s: seconds } = job;
  const known = state === "running" && seconds !== null && seconds !== undefined && !onlyStuckTasksLeft(pool, job);
  return known ? duration(Math.ceil(seconds)) : ABSENT;
}
