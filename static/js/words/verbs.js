/** The actions on a process: their labels and keys, what each does, and when it is possible.  The server decides; this only avoids refusals. */

import { sentence } from "./format.js";
import { RULES } from "../state/api.js";

/**
 * @typedef {{label: string, done?: string, key?: string, danger?: boolean, confirmed?: boolean}} Verb
 *   `done`: what a toast says; `danger`: drawn in red; `confirmed`: asks before it acts on a live process
 * @type {Record<string, Verb>} in the order in which they are offered
 */
export const VERBS = {
  start: { label: "Start", done: "started" },
  resume: { label: "Resume", done: "resumed", key: "P" },
  stack: { label: "Stack", key: "S" },
  terminate: { label: "Terminate", done: "stopping", key: "T", danger: true, confirmed: true },
  kill: { label: "Kill", done: "killed", key: "K", danger: true, confirmed: true },
  join: { label: "Join", done: "joined", key: "J" },
  suspend: { label: "Suspend", done: "suspended", key: "P" },
  restart: { label: "Restart", done: "restarting", key: "R", confirmed: true },
  close: { label: "Close", done: "closed", key: "C" },
  signal: { label: "Signal…" },
};

export const VIEW_ONLY = "You have view-only access.";

/** Return "" if the verb is possible and of use, else the reason why not. @param {string} verb @param {object} process @param {string} role */
export function whyNot(verb, process, role) {
  if (role === "viewer") return VIEW_ONLY;
  const { observed, refusals } = RULES[verb];
  const why = (process.observed && observed) || refusals[process.state] || "";
  return why || (verb === "join" && !process.alive && process.state !== "exited") ? sentence(why || "It is joined already.") : "";
}

/** Return what a verb will do, before the server has been asked. @param {string} verb @param {object} process */
export const effectOf = (verb, { state }) =>
  sentence(verb === "terminate" && state === "backoff" ? "cancel the scheduled restart" : RULES[verb].effect);
