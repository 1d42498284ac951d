/**
 * The question before a worker is ended.  It tells what that costs for as long as it is open: tasks end and begin meanwhile.
 *
 *   store, a second ──▶ what it costs now ──▶ dialog          Enter ──▶ the task that was agreed to ──▶ server: 409 if it is another
 */

import { clock } from "../../words/format.js";
import { busyFor } from "../../state/clock.js";
import { following, unheard } from "../../state/follow.js";
import { ending, isOpen } from "../../words/pools.js";
import { cost, isFirm, taskName } from "../../words/tasks.js";
import { store } from "../../state/store.js";

/** Whoever presses Enter has read what stood there a moment ago. */
const READING_MS = 1000;
const LABELS = { terminate: "Terminate", kill: "Kill" };
const HOW = {
  terminate: "SIGTERM now; code that ignores it goes on, and you are told so after 5 s.",
  kill: "SIGKILL at once.",
};

/** Whether a verb is asked about first. @param {string} verb */
export const isAsked = (verb) => verb in LABELS;

const same = (one, other) => one?.job === other?.job && one?.index === other?.index;
const find = (poolId, pid) => store.pools.get(poolId)?.workers.find((worker) => worker.pid === pid && worker.state !== "ended");

export class Question {
  #verb; #pool; #pid; #first;
  /** What was read last and is no longer so. @type {{task: object|null, until: number}|null} */ #broken = null;
  /** The price that stands there: a task, null for none; undefined where it is whichever runs then. */ #price;

  /** @param {string} verb @param {object} pool @param {object} worker as they are now */
  constructor(verb, pool, worker) {
    [this.#verb, this.#pool, this.#pid, this.#first] = [verb, pool.id, worker.pid, worker];
    this.#price = price(pool, worker);
  }

  /** As `confirm` wants it. @param {any} anchor */
  asked(anchor) {
    const { pid, name, uptime_s: up } = this.#first;
    const label = LABELS[this.#verb];
    const who = [`pid ${pid}`, name, up && `started ${clock(store.now() - up)}`].filter(Boolean).join(" · ");
    return { title: `${label} worker ${pid}?`, label, anchor, who, ...this.#now(), follow: following(this.#pool, () => this.#now()) };
  }

  /** The body of the request: what was agreed to, where it was something certain. */
  agreed() {
    const task = this.#broken && performance.now() < this.#broken.until ? this.#broken.task : this.#price;
    if (task === undefined) return {};
    return { task: task && { job: task.job, index: task.index } };
  }

  #now() {
    const pool = store.pools.get(this.#pool);
    const worker = find(this.#pool, this.#pid);
    if (!worker) return { text: this.#ended(pool), news: "", possible: false };
    this.#look(price(pool, worker));
    const next = isOpen(pool) && worker.state !== "retiring" ? " A new worker takes its place." : "";
    return { text: `${HOW[this.#verb]} ${cost(pool, worker, busyFor(pool.id, worker))}${next}`, news: this.#news(worker), possible: true };
  }

  #look(now) {
    const before = this.#price;
    if (before !== undefined && (now === undefined || !same(before, now))) {
      this.#broken = { task: before, until: performance.now() + READING_MS };
    }
    this.#price = now;
  }

  #news({ task }) {
    if (unheard()) return unheard();
    const { task: first } = this.#first;
    if (same(first, task)) return "";
    if (!first) return "It was given a task after you had asked.";
    return `Since you asked it has come to the end of ${taskName(first)}${task ? " and has another now" : ""}.`;
  }

  #ended(pool) {
    const gone = pool?.workers.find(({ pid }) => pid === this.#pid);
    const how = ending(gone?.exitcode);
    return `It has ended meanwhile${how && ` (${how})`}: there is nothing left to ${this.#verb}.`;
  }
}

function price(pool, worker) {
  return isFirm(pool, worker, busyFor(pool.id, worker)) ? worker.task : undefined;
}
