/**
 * What is wrong with a process, in sentences: what happened, why, and what each way out costs.  Pure.
 *
 * @typedef {{tone: "warn"|"bad"|"cool"|"dim", title: string, text: string, trace?: string, open?: boolean, moment?: boolean}} Finding
 *   `moment`: the words count seconds, so they must be asked for again while time goes by; `open`: the traceback is the point
 */

import { span } from "./format.js";

const NAMED = 8;
const UNBORN = "failed to start: ";

/** @param {object} process @param {number} now @param {(pid: number) => string} nameOf @returns {Finding|null} */
export function finding(process, now, nameOf) {
  if (process.stopping && process.state === "stopping") return stopping(process, now, nameOf);
  if (process.state === "backoff" && process.backoff) return backoff(process, now);
  if (process.failed && !process.alive && process.cause?.startsWith(UNBORN)) return unborn(process);
  if (process.state === "fatal") return fatal(process);
  if (process.state === "lost") return lost(process);
  if (process.state === "exited") return zombie(process);
  if (process.stuck && process.alive) return stuck(process, now);
  if (process.state === "suspended") return suspended(process);
  if (process.failed && !process.alive) return failed(process);
  return null;
}

function stuck(process, now) {
  const costs = process.descendants ? ` Terminate ends its ${plural(process.descendants, "descendant")} too.` : "";
  return {
    tone: "warn", moment: true, title: `No progress for ${span(now - process.stuck.since)}.`,
    text: `${sentence(process.stuck.reason.replace(/^no progress for [\d.]+ \w+[;,]?\s*/, ""))} The stack shows where it stands.${costs}`,
  };
}

function stopping(process, now, nameOf) {
  const { signal, by, at, kill_at: killAt, left = [] } = process.stopping;
  const asked = `${by} ${span(now - at)} ago`;
  const who = left.length ? `Still there: ${left.slice(0, NAMED).map((pid) => `${pid} ${pid === process.pid ? "itself" : nameOf(pid)}`.trim()).join(", ")}${
    left.length > NAMED ? ` and ${left.length - NAMED} more` : ""}.` : "Nothing of it is left.";
  const told = { tone: "cool", moment: true };
  if (killAt === null) return { ...told, title: `${signal} was sent to its whole tree.`, text: `Asked for by ${asked}. ${who}` };
  const wait = Math.max(0, Math.ceil(killAt - now));
  return { ...told, title: `SIGKILL in ${wait} s, unless it ends before.`, text: `${signal} by ${asked}. ${who}` };
}

function backoff(process, now) {
  const { attempt, limit, until } = process.backoff;
  const wait = Math.max(0, Math.ceil(until - now));
  return {
    tone: "cool", moment: true, title: `Starts again in ${wait} s: try ${attempt} of ${limit}.`,
    text: `${sentence(process.cause ?? "it ended")} Restart does not wait; terminate gives up.`, trace: process.error,
  };
}

function unborn({ cause, error }) {
  return { tone: "bad", title: "It failed to start: none of its code ran.", text: sentence(cause.slice(UNBORN.length)), trace: error, open: true };
}

function fatal(process) {
  return {
    tone: "bad", title: "It was given up.", trace: process.error,
    text: `${sentence(process.cause ?? "")} Restart tries again from the beginning.`.trim(),
  };
}

function lost(process) {
  return {
    tone: "bad", title: "Nobody saw its end.",
    text: `${sentence(process.cause ?? "The supervisor was away when it ended.")} Its exit code is not known; what it left behind is listed under Descendants.`,
  };
}

function zombie(process) {
  return {
    tone: "dim", title: "Dead, and not joined: a zombie.",
    text: `${sentence(process.cause ?? "")} The OS keeps its exit code until somebody joins it.`.trim(), trace: process.error,
  };
}

function suspended(process) {
  return {
    tone: "dim", title: "Suspended by SIGSTOP.",
    text: `It does nothing until it is resumed${process.descendants ? "; its descendants go on" : ""}. Terminate wakes it first, so that it can react.`,
  };
}

function failed(process) {
  return { tone: "bad", title: "It failed.", text: sentence(process.cause ?? `exit ${process.exitcode}`), trace: process.error };
}

/** First letter large, full stop at the end. @param {string} text */
export function sentence(text) {
  const trimmed = text.trim();
  if (!trimmed) return "";
  const start = /^[a-z]+[\s,:]/.test(trimmed) ? trimmed[0].toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?…]$/.test(start) ? start : `${start}.`;
}

/** "1 descendant", "4 descendants" @param {number} n @param {string} word */
export const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
