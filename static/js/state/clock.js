/**
 * How long a worker has had its task.  A record says it for the moment at which it was sent; it counts on here, so that
 * figures move though nothing is sent, and without a jerk where the next record differs by a few tenths.
 */

import { store } from "./store.js";

const JERK_S = 1.2;
const FORGET = 2000;
/** @type {Map<string, {task: string, since: number, told: number|null}>} */
const seen = new Map();

/** Seconds up to now, or null where it has no task. @param {string} pool id @param {object} worker */
export function busyFor(pool, { pid, task, busy_s: told, state }) {
  if (!task || told === null || told === undefined) return null;
  if (state === "ended") return told;
  const key = `${pool} ${pid}`;
  const name = `${task.job} ${task.index} ${task.attempt}`;
  const now = store.now();
  const before = seen.get(key);
  const same = before?.task === name && (before.told === told || Math.abs(before.since - (now - told)) < JERK_S);
  const since = same ? before.since : now - told;
  if (seen.size > FORGET) seen.clear();
  seen.set(key, { task: name, since, told });
  return Math.max(0, now - since);
}

/** Seconds that a job has run, or ran. @param {object} job */
export function elapsed({ started_at: since, ended_at: until, elapsed_s: told }) {
  if (until !== null && told !== null && told !== undefined) return told;
  return since === null || since === undefined ? null : (until ?? store.now()) - since;
}
