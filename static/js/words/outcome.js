/**
 * The last column in words: what is wrong, what happens next, how it ended, how far it is; in this order.
 *
 * @typedef {{words: string, code?: string, tone?: "warn"|"bad"|"cool"|"dim", share?: number}} Outcome
 *   `code` is the exit code, `share` 0…1 of a progress bar
 */

import { count, exitcode, span } from "./format.js";

/** The share that must be done before the rest is reckoned from it. */
const ENOUGH = 0.02;
const QUIET = Object.freeze({ words: "" });

/** @param {object} process @param {number} now the server's clock @returns {Outcome} */
export function outcome(process, now) {
  if (process.state === "stopping" && process.stopping) return stopping(process.stopping, now);
  if (process.state === "backoff" && process.backoff) return backoff(process, now);
  if (process.exitcode !== null && !process.alive) return ended(process);
  if (process.error) return { words: firstLine(process.error), tone: "bad" };
  if (process.stuck) return { words: process.stuck.reason, tone: "warn" };
  if (process.state === "lost" || process.cause) return { words: process.cause ?? "its end was not seen" };
  if (process.state === "created") return { words: "not started yet", tone: "dim" };
  return process.progress ? progress(process, now) : QUIET;
}

function stopping({ signal, by, at, kill_at, left }, now) {
  const sent = `${signal} by ${by} ${span(now - at)} ago`;
  if (kill_at === null) return { words: `${sent} · waits for ${waiting(left)}`, tone: "cool" };
  if (now < kill_at) return { words: `SIGKILL in ${span(Math.ceil(kill_at - now))} · ${sent}`, tone: "cool" };
  return { words: `SIGKILL sent · waits for ${waiting(left)}`, tone: "cool" };
}

const waiting = (left = []) => (left.length ? `pid ${left.slice(0, 3).join(", ")}${left.length > 3 ? " …" : ""}` : "its end");

function backoff({ exitcode: code, cause, backoff: { attempt, limit, until } }, now) {
  const next = `try ${attempt} of ${limit} in ${span(Math.max(0, Math.ceil(until - now)))}`;
  const why = code === null ? cause : withoutCode(cause, code);
  return { words: why ? `${next} · ${why}` : next, code: code === null ? undefined : exitcode(code), tone: "cool" };
}

function ended(process) {
  const why = withoutCode(process.cause, process.exitcode);
  const zombie = process.state === "exited" && !process.auto_join ? "dead, not joined" : "";
  return { words: [why, zombie].filter(Boolean).join(" · "), code: exitcode(process.exitcode), tone: "dim" };
}

/** The chip shows the code already: "exit 1: ValueError" becomes "ValueError". */
function withoutCode(cause, code) {
  if (!cause) return "";
  return cause.replace(new RegExp(`^exit(?: code)? ${code}\\b[:,;]? ?`), "");
}

function progress({ progress: { done, total, note }, start_time: since }, now) {
  if (!total) return { words: [note, count(done)].filter(Boolean).join(" · "), tone: "dim" };
  const share = Math.min(1, Math.max(0, done / total));
  const left = share > ENOUGH && share < 1 && since !== null ? ((now - since) * (1 - share)) / share : null;
  const words = [`${Math.floor(share * 100)} %`, note, left !== null && `${span(Math.ceil(left))} left`];
  return { words: words.filter(Boolean).join(" · "), tone: "dim", share };
}

const firstLine = (text) => text.trim().split("\n").at(-1);
