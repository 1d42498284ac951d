/** The table of a pool's jobs, the newest first. */

import { mark, put } from "../../dom/dom.js";
import { plural } from "../../words/finding.js";
import { ABSENT, count, duration, span } from "../../words/format.js";
import { Keyed } from "../../dom/keyed.js";
import { elapsed } from "../../state/clock.js";
import { jobState } from "../../words/pools.js";
import { farOf, hangs } from "../../words/tasks.js";
import { poolHref, route } from "../../state/router.js";
import { part } from "../../dom/template.js";

const root = document.getElementById("pool");
const box = part(root, "jobs");
let pool = null;

const rows = new Keyed(part(box, "rows"), "job", { key: ({ id }) => id, update: (row, cells, job) => update(row, cells, job) });

/** Follow clicks on rows. */
export function startJobs() {
  part(box, "rows").addEventListener("click", (event) => {
    if (!event.target.closest("a") && getSelection().isCollapsed) event.target.closest("tr")?.querySelector("a").click();
  });
}

/** @param {object} shown the pool */
export function showJobs(shown) {
  pool = shown;
  const { jobs = [], jobs_not_shown: older = 0 } = pool;
  rows.show(jobs.toReversed());
  put(part(box, "count"), [jobs.length && plural(jobs.length, "job"), older && `${count(older)} older not shown`].filter(Boolean).join(" · "));
  part(box, "none").hidden = jobs.length > 0;
  part(box, "scroll").hidden = !jobs.length;
}

function update(row, cells, job) {
  mark(row, "open", Number(route().params.get("job")) === job.id);
  mark(row, "dead", jobState(job).dim);
  const href = poolHref(pool.id, { job: job.id });
  if (cells.id.getAttribute("href") !== href) cells.id.setAttribute("href", href);
  put(cells.id, job.id);
  put(cells.method, job.method);
  put(cells.function, job.function);
  put(cells.error, job.error ?? "");
  cells.what.title = job.error ?? "";
  showProgress(cells, job);
  put(cells.rate, job.state === "running" ? count(round(job.tasks_per_s)) : ABSENT);
  put(cells.left, left(pool, job));
  number(cells.failed, job.failed);
  number(cells.lost, job.lost);
  number(cells.retried, job.retried);
  put(cells.elapsed, duration(elapsed(job)));
}

/** Bar, figures and state; also in the panel of one job. @param {Record<string, HTMLElement>} cells @param {object} job */
export function showProgress(cells, job) {
  const { icon, word, tone } = jobState(job);
  mark(cells.state, "tone", tone);
  put(cells.icon, icon);
  put(cells.word, word);
  put(cells.far, farOf(job));
  const part = (n) => `${job.total ? Math.min(100, (100 * n) / job.total).toFixed(1) : 0}%`;
  for (const [bar, n] of [["good", job.done], ["raised", job.failed], ["gone", job.lost]]) if (cells[bar].style.width !== part(n)) cells[bar].style.width = part(n);
}

/** What is nought is quiet. */
function number(cell, value) {
  put(cell, value ? count(value) : "0");
  mark(cell, "some", value > 0);
}

/** One digit behind the point where it matters. @param {number|null} rate */
export const round = (rate) => (rate === null || rate === undefined ? null : rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate));

/** "4 s", of an estimate @param {object} pool @param {object} job */
export function left(pool, job) {
  const { state, left_s: seconds } = job;
  const known = state === "running" && seconds !== null && seconds !== undefined && !hangs(pool, job);
  return known ? span(Math.ceil(seconds)) : ABSENT;
}
