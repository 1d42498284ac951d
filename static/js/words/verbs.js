/** Which verbs make sense now, and why not.  The server decides; this only spares a person the refusal.  Pure. */

const LIVE = new Set(["starting", "running", "suspended", "stopping"]);
const ENDED = new Set(["exited", "joined", "backoff", "fatal", "lost"]);

const ITS_PARENTS = new Set(["start", "join", "restart"]);

const RULES = {
  stack: (p) => LIVE.has(p.state) || "there is no process to look into",
  start: (p) => p.state === "created" || "a process is started once; Restart makes a new one",
  join: (p) => LIVE.has(p.state) || p.state === "exited" || (p.state === "created" ? "it was not started yet" : "it was joined already"),
  suspend: (p) => p.state === "running" || `only what runs can be suspended; it is ${p.state}`,
  resume: (p) => p.state === "suspended" || `only what is suspended can be resumed; it is ${p.state}`,
  restart: (p) => (p.state !== "created" && p.state !== "closed") || (p.state === "created" ? "it was not started yet; use Start" : "it is closed"),
  terminate: (p) => (p.state !== "stopping" && LIVE.has(p.state)) || p.state === "backoff"
    || (p.state === "stopping" ? "it is asked to end already; Kill does not wait" : `it does not run; it is ${p.state}`),
  kill: (p) => LIVE.has(p.state) || `it does not run; it is ${p.state}`,
  close: (p) => p.state === "created" || (ENDED.has(p.state) && p.state !== "backoff")
    || (p.state === "closed" ? "it is closed already" : "it must end first: close() refuses while it runs"),
  signal: (p) => LIVE.has(p.state) || `there is no process to signal; it is ${p.state}`,
};

/** "" when possible, else the reason why not. @param {string} verb @param {object} process @param {string} role */
export function whyNot(verb, process, role) {
  if (role === "viewer") return "You look on as a viewer: only an operator may act.";
  if (process.observed && ITS_PARENTS.has(verb)) return "Its parent starts and joins it; Procession only watches it.";
  const answer = RULES[verb]?.(process) ?? true;
  return answer === true ? "" : `Not now: ${answer}.`;
}

/** The words of each verb: its button, what a toast says when it was accepted, and which ask before they are done. */
export const VERBS = {
  stack: { label: "Stack" },
  start: { label: "Start", done: "was started", many: "started" },
  join: { label: "Join", done: "was joined", many: "joined" },
  suspend: { label: "Suspend", done: "is suspended", many: "suspended" },
  resume: { label: "Resume", done: "runs again", many: "resumed" },
  restart: { label: "Restart", done: "is being restarted", many: "being restarted", destroys: true },
  terminate: { label: "Terminate", done: "is asked to end", many: "asked to end", destroys: true },
  kill: { label: "Kill", done: "was sent SIGKILL, with its tree", many: "sent SIGKILL, with their trees", destroys: true },
  close: { label: "Close", done: "is closed", many: "closed" },
  signal: { label: "Signal …" },
};

/** What a destructive verb will do, before its consequences are known. @param {string} verb @param {object} process */
export function price(verb, process) {
  const runs = LIVE.has(process.state);
  if (verb === "terminate" && !runs) return "Nothing of it runs now; it is not started again by itself.";
  if (verb === "terminate") return `SIGTERM now; SIGKILL to what is left of its tree after ${process.grace_s} s.`;
  if (verb === "kill") return "SIGKILL at once to it and all its descendants. No cleanup code runs.";
  if (verb === "restart") return runs ? "Ends it as terminate does, then starts it again with the same arguments." : "Starts it again with the same arguments.";
  if (verb === "close") return "Releases the Process object and takes it off the list; its journal stays.";
  return "";
}
