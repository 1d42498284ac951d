/** The panel of one job: how far it is, what it was given, what came of it, and each task that failed or was lost. */

import { get } from "../../state/api.js";
import { put } from "../../dom/dom.js";
import { ABSENT, clock, count, duration } from "../../words/format.js";
import { showFailures } from "./failures.js";
import { left, round, showProgress } from "./list.js";
import { elapsed } from "../../state/clock.js";
import { hangs } from "../../words/tasks.js";
import { fill, part, stamp } from "../../dom/template.js";

const AGAIN_MS = 1000;

const FACTS = [
  ["Method", (job) => job.method, "code"],
  ["Function", (job) => job.function, "code"],
  ["Arguments", (_, detail) => detail?.arguments || ABSENT, "code"],
  ["Chunksize", (job) => count(job.chunksize), "num"],
  ["Submitted", (job) => `${clock(job.submitted_at)} by ${job.by}`, "num"],
  ["Elapsed", (job) => duration(elapsed(job)), "num"],
  ["Rate", (job) => (job.tasks_per_s ? `${count(round(job.tasks_per_s))} tasks/s` : ABSENT), "num"],
  ["Time left", (job, _, pool) => left(pool, job), "num"],
];

/** @param {HTMLElement} panel @param {string} pool id @param {string} wanted job @param {HTMLElement} aside */
export function open(panel, pool, wanted, aside) {
  fill(aside, { beside: `Job ${wanted}` });
  return new JobPanel(panel, pool, Number(wanted));
}

class JobPanel {
  #detail = null; #pool = null; #asked = -Infinity; #stand = null; #closed = false;

  constructor(panel, pool, id) {
    Object.assign(this, { panel, path: `/api/v1/pools/${pool}/jobs/${id}`, id });
    this.cells = Object.fromEntries([...panel.querySelectorAll("[data-cell]")].map((cell) => [cell.dataset.cell, cell]));
    this.facts = FACTS.map(([label, , kind]) => row(label, kind));
    part(panel, "facts").append(...this.facts);
  }

  /** @param {object} pool as it is now */
  show(pool) {
    this.#pool = pool;
    const job = this.#render();
    const stand = job ? standOf(job) : "old";
    if (stand !== this.#stand && performance.now() - this.#asked > AGAIN_MS) this.#fetch(stand);
  }

  close() {
    this.#closed = true;
  }

  /** The job of the stream; one that is too old for that is known from its detail alone. */
  #render() {
    const job = this.#pool.jobs.find(({ id }) => id === this.id) ?? this.#detail;
    if (!job) return null;
    showProgress(this.cells, job);
    FACTS.forEach(([, value], at) => put(this.facts[at].querySelector("[data-text=value]"), value(job, this.#detail, this.#pool)));
    fill(this.panel, { words: words(job, this.#pool) });
    if (this.#detail) showDetail(this.panel, job, this.#detail);
    return job;
  }

  async #fetch(stand) {
    this.#stand = stand;
    this.#asked = performance.now();
    try {
      this.#detail = await get(this.path);
      if (!this.#closed) this.#render();
    } catch (error) {
      if (!this.#closed) fill(this.panel, { problem: error.detail ?? error.message });
    }
  }
}

/** The detail is asked for again when this changes: its result or its failures are other ones. */
const standOf = ({ state, failed, lost }) => `${state} ${failed} ${lost}`;

function row(label, kind) {
  const made = stamp("fact");
  fill(made, { label });
  made.querySelector("[data-text=value]").classList.add(kind);
  return made;
}

function words(job, pool) {
  const counts = [["failed", job.failed], ["lost", job.lost], ["run again", job.retried]].filter(([, n]) => n).map(([word, n]) => `${count(n)} ${word}`);
  const end = left(pool, job);
  if (end !== ABSENT) counts.push(`about ${end} left`);
  else if (job.state === "running" && hangs(pool, job)) counts.push("only stuck tasks are left");
  return counts.join(" · ");
}

function showDetail(panel, job, { result, result_cut: cut, failures = [], failures_not_shown: hidden = 0 }) {
  const has = result !== null && result !== undefined;
  part(panel, "result").hidden = !has && job.state !== "done";
  fill(panel, { result: written(result), cut: about(job, cut), error: failures.length ? "" : job.error ?? "" });
  showFailures(part(panel, "failures"), job, failures, hidden);
}

function about({ state }, cut) {
  const missing = state === "failed" || state === "lost" ? "What the other tasks returned; null where nothing came." : "";
  return [missing, cut ? "Only its beginning is shown: it is too large." : ""].filter(Boolean).join(" ");
}

/** A list of plain values on one line, as one would write it; anything deeper indented. */
function written(value) {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((one) => one === null || typeof one !== "object")) return `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
  return JSON.stringify(value, null, 2) ?? "";
}
