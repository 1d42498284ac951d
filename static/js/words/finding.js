/**
 * What is wrong with a process: the fact, its cause, and what each way out costs.  Pure.
 *
 * @typedef {{tone: "warn"|"bad"|"cool"|"dim", title: string, text: string, trace?: string, open?: boolean}} Finding
 *   `open`: show the traceback at once
 */

import { duration, plural, sentence } from "./format.js";
import { exitText } from "./pools.js";

const MOST_NAMED = 8;

/** @param {object} process @param {number} now @param {(pid: number) => string} nameOf @returns {Finding|null} */
export function finding(process, now, nameOf) {
  if (process.stopping && process.state === "stopping") return stopping(process, now, nameOf);
  if (process.state === "backoff" && process.backoff) return backoff(process, now);
  if (process.failed_to_start && !process.alive) return failedStart(process);
  if (process.state === "fatal") return fatal(process);
  if (process.state === "lost") return lost(process);
  if (process.state === "exited") return zombie(process);
  if (process.stuck && process.alive) return stuck(process, now);
  if (process.state === "suspended") return suspended(process);
  if (process.failed && !process.alive) return failed(process);
  return null;
}

function stuck({ stuck: { since, detail }, descendants }, now) {
  const cost = descendants ? ` Terminate also ends ${plural(descendants, "child process")}.` : "";
  return {
    tone: "warn", title: `No progress for ${duration(now - since)}.`,
    text: sentence(detail) + cost,
  };
}

function stopping({ pid, stopping: { signal, by, at, kill_at: killAt, left = [] } }, now, nameOf) {
  const names = left.slice(0, MOST_NAMED).map((one) => `${one} ${one === pid ? "(this process)" : nameOf(one)}`.trim());
  const more = left.length > MOST_NAMED ? ` and ${left.length - MOST_NAMED} more` : "";
  const rest = left.length ? `Still running: ${names.join(", ")}${more}.` : "No process of its tree is left.";
  const sent = `${signal} sent by ${by} ${duration(now - at)} ago. ${rest}`;
  return { tone: "cool", title: killAt === null ? "Waiting for the process tree to exit." : `SIGKILL in ${secondsUntil(killAt, now)} s.`, text: sent };
}

const secondsUntil = (at, now) => Math.max(0, Math.ceil(at - now));

function backoff({ backoff: { attempt, limit, until }, cause, error }, now) {
  return {
    tone: "cool", title: `Restarts in ${secondsUntil(until, now)} s (attempt ${attempt} of ${limit}).`,
    text: `${sentence(cause ?? "it exited")} Restart skips the delay; Terminate cancels it.`, trace: error,
  };
}

const failedStart = ({ cause, error }) =>
  ({ tone: "bad", title: "The target function did not run.", text: sentence(cause ?? ""), trace: error, open: true });

const fatal = ({ cause, error }) => ({ tone: "bad", title: "Gave up restarting.", trace: error, text: sentence(cause ?? "") });

const lost = ({ cause }) => ({
  tone: "bad", title: "Exit not observed.",
  text: `${sentence(cause ?? "The supervisor was not running when the process exited.")} Its exit code is unknown.`,
});

const zombie = ({ cause, error, exitcode: code }) =>
  ({ tone: "dim", title: `Zombie: ${code < 0 ? `killed by ${exitText(code)}` : `exited with code ${code ?? "–"}`}, not yet joined.`, text: sentence(cause ?? ""), trace: error });

const suspended = ({ descendants }) => ({
  tone: "dim", title: "Suspended by SIGSTOP.",
  text: `It does not run until it is resumed${descendants ? "; its child processes keep running" : ""}. Terminate resumes it first so that it can handle SIGTERM.`,
});

const failed = ({ cause, error, exitcode: code }) => ({ tone: "bad", title: "Failed.", text: sentence(cause ?? `exit ${code}`), trace: error });
