/** The panel of a job: progress, arguments, result, and each failed or lost task. */

import { get } from "../../state/api.js";
import { cellsOf, fill, part } from "../../dom/dom.js";
import { appendFacts } from "../../widgets/facts.js";
import { ABSENT, clock, count, duration } from "../../words/format.js";
import { showFailures } from "./failures.js";
import { roundRate, showProgress, timeLeft } from "./list.js";
import { elapsedSeconds } from "../../state/clock.js";
import { onlyStuckTasksLeft } from "../../words/tasks.js";

const REFETCH_MS = 1000;

/** @type {import("../../widgets/facts.js").Row[]} */
const FACTS = [
  ["Method", (job) => job.method, null, "code"],
  ["Function", (job) => job.function, null, "code"],
  ["Arguments", (_, detail) => detail?.arguments || ABSENT, null, "code"],
  ["Chunksize", (job) => count(job.chunksize), null, "num"],
  ["Submitted", (job) => `${clock(job.submitted_at)} by ${job.by}`, null, "num"],
  ["Elapsed", (job) => duration(elapsedSeconds(job)), null, "num"],
  ["Rate", (job) => (job.tasks_per_s ? `${count(roundRate(job.tasks_per_s))} tasks/s` : ABSENT), null, "num"],
  ["Time left", (job, _, pool) => timeLeft(pool, job), null, "num"],
];

/** @param {HTMLElement} panel @param {string} pool id @param {string} wanted job @param {HTMLElement} aside */
export function open(panel, pool, wanted, aside) {
  fill(aside, { "panel-title": `Job ${wanted}` });
  return new JobPanel(panel, pool, Number(wanted));
}

class JobPanel {
  #detail = null; #pool = null; #fetchedAt = -Infinity; #fetchedState = null; #closed = false;

  constructor(panel, pool, id) {
    Object.assign(this, { panel, path: `/api/v1/pools/${pool}/jobs/${id}`, id });
    this.cells = cellsOf(panel);
    this.showFacts = appendFacts(part(panel, "facts"), FACTS);
  }

  /** @param {object} pool */
  show(pool) {
    this.#pool = pool;
    const job = this.#render();
    const state = job ? fetchState(job) : "unknown";
    if (state !== this.#fetchedState && performance.now() - this.#fetchedAt > REFETCH_MS) this.#fetch(state);
  }

  close() {
    this.#closed = true;
  }

  /** Show the job; an old one is not in the record of the pool, only its detail is known. */
  #render() {
    const job = this.#pool.jobs.find(({ id }) => id === this.id) ?? this.#detail;
    if (!job) return null;
    showProgress(this.cells, job);
    this.showFacts(job, this.#detail, this.#pool);
    fill(this.panel, { summary: summary(job, this.#pool) });
    if (this.#detail) showDetail(this.panel, job, this.#detail);
    return job;
  }

  async #fetch(state) {
    this.#fetchedState = state;
    this.#fetchedAt = performance.now();
    try {
      this.#detail = await get(this.path);
      if (!this.#closed) this.#render();
    } catch (error) {
      if (!this.#closed) fill(this.panel, { problem: error.detail ?? error.message });
    }
  }
}

/** The detail is fetched again when this changes, with the result or the failures. */
const fetchState = ({ state, failed, lost }) => `${state} ${failed} ${lost}`;

function summary(job, pool) {
  const counts = [["failed", job.failed], ["lost", job.lost], ["retried", job.retried]].filter(([, n]) => n).map(([word, n]) => `${count(n)} ${word}`);
  const end = timeLeft(pool, job);
  if (end !== ABSENT) counts.push(`about ${end} left`);
  else if (job.state === "running" && onlyStuckTasksLeft(pool, job)) counts.push("only stuck tasks left");
  return counts.join(" · ");
}

function showDetail(panel, job, { result, result_cut: cut, failures = [], failures_not_shown: hidden = 0 }) {
  const has = result !== null && result !== undefined;
  part(panel, "result").hidden = !has && job.state !== "done";
  fill(panel, { result: formatted(result), cut: resultNote(job, cut), error: failures.length ? "" : job.error ?? "" });
  showFailures(part(panel, "failures"), job, failures, hidden);
}

function resultNote({ state }, cut) {
  const missing = state === "failed" || state === "lost" ? "Results of the other tasks; null for failed and lost ones." : "";
  return [missing, cut ? "Truncated." : ""].filter(Boolean).join(" ");
}

/** A list of plain values on one line; nested values indented. */
function formatted(value) {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((one) => one === null || typeof one !== "object")) return `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
  return JSON.stringify(value, null, 2) ?? "";
}
