/**
 * Running times.  A record has the time at which it was sent; counting on from there keeps the figures moving between
 * records, and without a jump when the next record differs by some tenths of a second.
 */

import { store } from "./store.js";

const JUMP_S = 1.2;
const MOST_REMEMBERED = 2000;
/** @type {Map<string, {task: string, since: number, sent: number|null}>} */
const seen = new Map();

/** Return how long a worker has had its task, or null if it has none. @param {string} pool id @param {object} worker */
export function busySeconds(pool, { pid, task, busy_s: sent, state }) {
  if (!task || sent === null || sent === undefined) return null;
  if (state === "ended") return sent;
  const key = `${pool} ${pid}`;
  const name = `${task.job} ${task.index} ${task.attempt}`;
  const now = store.now();
  const before = seen.get(key);
  const same = before?.task === name && (before.sent === sent || Math.abs(before.since - (now - sent)) < JUMP_S);
  const since = same ? before.since : now - sent;
  if (seen.size > MOST_REMEMBERED) seen.clear();
  seen.set(key, { task: name, since, sent });
  return Math.max(0, now - since);
}

/** Return how long a job has run. @param {object} job */
export function elapsedSeconds({ started_at: since, ended_at: until, elapsed_s: final }) {
  if (until !== null && final !== null && final !== undefined) return final;
  return since === null || since === undefined ? null : (until ?? store.now()) - since;
}
