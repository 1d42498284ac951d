/**
 * The confirmation before a worker is ended.  It shows the current cost while it is open, because tasks start and finish.
 *
 *   store, each second ──▶ current cost ──▶ dialog          Enter ──▶ the confirmed task ──▶ server: 409 if it is another
 */

import { clock } from "../../words/format.js";
import { busySeconds } from "../../state/clock.js";
import { disconnectedNote, whileChanging } from "../../state/livequestion.js";
import { acceptsJobs, exitText } from "../../words/pools.js";
import { endingCost, isCostCertain, taskName } from "../../words/tasks.js";
import { VERBS } from "../../words/verbs.js";
import { store } from "../../state/store.js";

/** Enter within this time after a change confirms the text that was shown before. */
const READING_MS = 1000;
const EFFECTS = {
  terminate: "Sends SIGTERM; if the worker is still running after 5 s, you are notified.",
  kill: "Sends SIGKILL.",
};

/** Return whether a verb asks for confirmation. @param {string} verb */
export const isConfirmed = (verb) => verb in EFFECTS;

const isSame = (one, other) => one?.job === other?.job && one?.index === other?.index;
const find = (poolId, pid) => store.pools.get(poolId)?.workers.find((worker) => worker.pid === pid && worker.state !== "ended");

export class Question {
  #verb; #pool; #pid; #first;
  /** The cost that was shown before the last change. @type {{task: object|null, until: number}|null} */ #previous = null;
  /** The cost that is shown: a task, or null for none; undefined if it is whichever runs then. */ #cost;

  /** @param {string} verb @param {object} pool @param {object} worker their current records */
  constructor(verb, pool, worker) {
    [this.#verb, this.#pool, this.#pid, this.#first] = [verb, pool.id, worker.pid, worker];
    this.#cost = lostTask(pool, worker);
  }

  /** Return the options of `confirm`. @param {any} anchor */
  options(anchor) {
    const { pid, name, uptime_s: up } = this.#first;
    const { label } = VERBS[this.#verb];
    const who = [`pid ${pid}`, name, up && `started ${clock(store.now() - up)}`].filter(Boolean).join(" · ");
    return { title: `${label} worker ${pid}?`, label, anchor, who, ...this.#now(), follow: whileChanging(this.#pool, () => this.#now()) };
  }

  /** Return the body of the request: the task that the user agreed to lose, if it was certain. */
  body() {
    const task = this.#previous && performance.now() < this.#previous.until ? this.#previous.task : this.#cost;
    return task === undefined ? {} : { task: task && { job: task.job, index: task.index } };
  }

  #now() {
    const pool = store.pools.get(this.#pool);
    const worker = find(this.#pool, this.#pid);
    if (!worker) return { text: this.#exited(pool), note: "", possible: false };
    this.#update(lostTask(pool, worker));
    const next = acceptsJobs(pool) && worker.state !== "retiring" ? " A new worker replaces it." : "";
    return { text: `${EFFECTS[this.#verb]} ${endingCost(pool, worker, busySeconds(pool.id, worker))}${next}`, note: this.#note(worker), possible: true };
  }

  #update(cost) {
    const before = this.#cost;
    if (before !== undefined && (cost === undefined || !isSame(before, cost))) this.#previous = { task: before, until: performance.now() + READING_MS };
    this.#cost = cost;
  }

  #note({ task }) {
    const { task: first } = this.#first;
    if (disconnectedNote() || isSame(first, task)) return disconnectedNote();
    if (!first) return "The worker has started a task since you opened this dialog.";
    return `The worker has finished ${taskName(first)}${task ? " and started another task" : ""}.`;
  }

  #exited(pool) {
    const how = exitText(pool?.workers.find(({ pid }) => pid === this.#pid)?.exitcode);
    return `The worker has already exited${how && ` (${how})`}.`;
  }
}

function lostTask(pool, worker) {
  return isCostCertain(pool, worker, busySeconds(pool.id, worker)) ? worker.task : undefined;
}
