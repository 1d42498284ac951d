/** The actions on a process: their texts, and when each is possible.  The server decides; this only avoids refusals.  Pure. */

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

const LIVE = new Set(["starting", "running", "suspended", "stopping"]);
const ENDED = new Set(["exited", "joined", "fatal", "lost"]);
const PARENT_ONLY = new Set(["start", "join", "restart"]);
export const VIEW_ONLY = "You have view-only access.";

const notRunning = ({ state }) => LIVE.has(state) || `The process is not running (state: ${state}).`;

/** @type {Record<string, (process: object) => true|string>} true, or the reason why the verb is not possible */
const RULES = {
  stack: notRunning,
  start: ({ state }) => state === "created" || "Already started. Use Restart to start it again.",
  join: ({ state }) => LIVE.has(state) || state === "exited" || (state === "created" ? "Not started yet." : "Already joined."),
  suspend: ({ state }) => state === "running" || `Only a running process can be suspended (state: ${state}).`,
  resume: ({ state }) => state === "suspended" || `Only a suspended process can be resumed (state: ${state}).`,
  restart: ({ state }) => (state !== "created" && state !== "closed") || (state === "created" ? "Not started yet. Use Start." : "The process is closed."),
  terminate: (process) => process.state === "backoff"
    || (process.state === "stopping" ? "Already stopping. Kill does not wait for the grace period." : notRunning(process)),
  kill: notRunning,
  close: ({ state }) => state === "created" || ENDED.has(state) || (state === "closed" ? "Already closed." : "A process must exit before it can be closed."),
  signal: notRunning,
};

/** Return "" if the verb is possible, else the reason why not. @param {string} verb @param {object} process @param {string} role */
export function whyNot(verb, process, role) {
  if (role === "viewer") return VIEW_ONLY;
  if (process.observed && PARENT_ONLY.has(verb)) return "Only its parent process can start, join or restart it.";
  const answer = RULES[verb]?.(process) ?? true;
  return answer === true ? "" : answer;
}

/** Return what a verb will do, before the server has been asked. @param {string} verb @param {object} process */
export function effectOf(verb, { state, grace_s: grace }) {
  const live = LIVE.has(state);
  if (verb === "terminate") return live ? `Sends SIGTERM, then SIGKILL to the process tree after ${grace} s if it is still alive.` : "Cancels the scheduled restart.";
  if (verb === "kill") return "Sends SIGKILL to the process and all its descendants. No cleanup code runs.";
  if (verb === "restart") return `${live ? "Terminates the process, then starts" : "Starts"} it again with the same arguments.`;
  return verb === "close" ? "Releases the Process object and removes it from the list. Its events are kept." : "";
}
