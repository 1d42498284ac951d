/**
 * The text of the last column: what is wrong, else what happens next, how the process ended, or how far it is.  Pure.
 *
 * @typedef {{words: string, code?: string, tone?: "warn"|"bad"|"cool"|"dim", share?: number}} Outcome
 *   `code` is the exit code, `share` 0…1 of a progress bar
 */

import { count, duration, exitcode } from "./format.js";

/** The share that must be done before the remaining time is estimated. */
const ENOUGH = 0.02;

/** @param {object} process @param {number} now the server's clock @returns {Outcome} */
export function outcome(process, now) {
  if (process.state === "stopping" && process.stopping) return { words: stopping(process.stopping, now), tone: "cool" };
  if (process.state === "backoff" && process.backoff) return backoff(process, now);
  if (process.exitcode !== null && !process.alive) return ended(process);
  if (process.error) return { words: process.error.trim().split("\n").at(-1), tone: "bad" };
  if (process.stuck) return { words: process.stuck.reason, tone: "warn" };
  if (process.state === "lost" || process.cause) return { words: process.cause ?? "exit not observed" };
  if (process.state === "created") return { words: "not started", tone: "dim" };
  return process.progress ? progress(process, now) : { words: "" };
}

function stopping({ signal, by, at, kill_at: killAt, left = [] }, now) {
  const sent = `${signal} sent by ${by} ${duration(now - at)} ago`;
  if (killAt !== null && now < killAt) return `SIGKILL in ${duration(Math.ceil(killAt - now))} · ${sent}`;
  const waiting = left.length ? `waiting for pid ${left.slice(0, 3).join(", ")}${left.length > 3 ? " …" : ""}` : "waiting for exit";
  return `${killAt === null ? sent : "SIGKILL sent"} · ${waiting}`;
}

function backoff({ exitcode: code, cause, backoff: { attempt, limit, until } }, now) {
  const next = `attempt ${attempt} of ${limit} in ${duration(Math.max(0, Math.ceil(until - now)))}`;
  const why = code === null ? cause : withoutCode(cause, code);
  return { words: why ? `${next} · ${why}` : next, code: code === null ? undefined : exitcode(code), tone: "cool" };
}

function ended({ cause, exitcode: code, state, auto_join: autoJoin }) {
  const zombie = state === "exited" && !autoJoin ? "zombie, not joined" : "";
  return { words: [withoutCode(cause, code), zombie].filter(Boolean).join(" · "), code: exitcode(code), tone: "dim" };
}

/** The exit code stands before the text: "exit 1: ValueError" becomes "ValueError". */
const withoutCode = (cause, code) => (cause ?? "").replace(new RegExp(`^exit(?: code)? ${code}\\b[:,;]? ?`), "");

function progress({ progress: { done, total, note }, start_time: since }, now) {
  if (!total) return { words: [note, count(done)].filter(Boolean).join(" · "), tone: "dim" };
  const share = Math.min(1, Math.max(0, done / total));
  const left = share > ENOUGH && share < 1 && since !== null ? ((now - since) * (1 - share)) / share : null;
  const words = [`${Math.floor(share * 100)} %`, note, left !== null && `${duration(Math.ceil(left))} left`];
  return { words: words.filter(Boolean).join(" · "), tone: "dim", share };
}
