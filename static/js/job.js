/** The panel of one job: how far it is, what it was given, what came of it, and each task that failed or was lost. */

import { get } from "./api.js";
import { put } from "./dom.js";
import { ABSENT, clock, count, duration, span } from "./format.js";
import { showFailures } from "./failures.js";
import { left, round, showProgress } from "./jobs.js";
import { elapsed } from "./poolclock.js";
import { fill, part, stamp } from "./template.js";

const AGAIN_MS = 1000;

const FACTS = [
  ["Method", (job) => job.method, "code"],
  ["Function", (job) => job.function, "code"],
  ["Arguments", (_, detail) => detail?.arguments || ABSENT, "code"],
  ["Chunksize", (job) => count(job.chunksize), "num"],
  ["Submitted", (job) => `${clock(job.submitted_at)} by ${job.by}`, "num"],
  ["Elapsed", (job) => duration(elapsed(job)), "num"],
  ["Rate", (job) => (job.tasks_per_s ? `${count(round(job.tasks_per_s))} tasks/s` : ABSENT), "num"],
  ["Time left", (job) => (job.state === "running" ? left(job) : ABSENT), "num"],
];

/** @param {HTMLElement} panel @param {string} pool id @param {string} wanted job @param {HTMLElement} aside */
export function open(panel, pool, wanted, aside) {
  const id = Number(wanted);
  const cells = Object.fromEntries([...panel.querySelectorAll("[data-cell]")].map((cell) => [cell.dataset.cell, cell]));
  const facts = FACTS.map(([label, , kind]) => row(label, kind));
  part(panel, "facts").append(...facts);
  const known = { detail: null, stand: "", asked: 0, busy: false, closed: false };
  fill(aside, { beside: `Job ${wanted}` });

  const render = (job) => {
    showProgress(cells, job);
    FACTS.forEach(([, value], at) => put(facts[at].querySelector("[data-text=value]"), value(job, known.detail)));
    fill(panel, { words: words(job) });
    if (known.detail) showDetail(panel, job, known.detail);
  };
  const fetchDetail = async (job) => {
    Object.assign(known, { busy: true, asked: performance.now(), stand: job ? standOf(job) : "" });
    try {
      known.detail = await get(`/api/v1/pools/${pool}/jobs/${id}`);
      if (!known.closed) render(job ?? jobOf(known.detail));
    } catch (error) {
      if (!known.closed) fill(panel, { problem: error.detail ?? error.message });
    } finally {
      known.busy = false;
    }
  };
  return {
    show({ jobs }) {
      const job = jobs.find((one) => one.id === id) ?? (known.detail && jobOf(known.detail));
      if (job) render(job);
      const due = performance.now() - known.asked > AGAIN_MS && !known.busy;
      if (due && (!known.detail || (job && standOf(job) !== known.stand))) fetchDetail(job);
    },
    close() { known.closed = true; },
  };
}

/** The detail is asked for again when this changes: its result or its failures are other ones. */
const standOf = ({ state, failed, lost }) => `${state} ${failed} ${lost}`;
const jobOf = (detail) => detail.job ?? detail;

function row(label, kind) {
  const made = stamp("fact");
  fill(made, { label });
  made.querySelector("[data-text=value]").classList.add(kind);
  return made;
}

function words(job) {
  const counts = [["failed", job.failed], ["lost", job.lost], ["run again", job.retried]].filter(([, n]) => n).map(([word, n]) => `${count(n)} ${word}`);
  const when = job.state === "running" && job.left_s !== null ? [`about ${span(Math.ceil(job.left_s))} left`] : [];
  return [...counts, ...when].join(" · ");
}

function showDetail(panel, job, { result, result_cut: cut, failures = [], failures_not_shown: hidden = 0 }) {
  const has = result !== null && result !== undefined;
  part(panel, "result").hidden = !has && job.state !== "done";
  fill(panel, { result: written(result), cut: cut ? "Only its beginning is shown: it is too large." : "", error: failures.length ? "" : job.error ?? "" });
  showFailures(part(panel, "failures"), job, failures, hidden);
}

/** A list of plain values on one line, as one would write it; anything deeper indented. */
function written(value) {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((one) => one === null || typeof one !== "object")) return `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
  return JSON.stringify(value, null, 2) ?? "";
}
