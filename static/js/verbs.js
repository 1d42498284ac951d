/** What can be done to a process in each state: for the row, its menu, the bulk bar and the detail. */

/** @typedef {{verb: string, label: string, key?: string, danger?: boolean}} Verb */

/** @type {Record<string, Verb>} */
export const VERBS = {
  start: { verb: "start", label: "Start" },
  stack: { verb: "stack", label: "Stack", key: "S" },
  terminate: { verb: "terminate", label: "Terminate", key: "T", danger: true },
  kill: { verb: "kill", label: "Kill", key: "K", danger: true },
  join: { verb: "join", label: "Join", key: "J" },
  restart: { verb: "restart", label: "Restart", key: "R" },
  suspend: { verb: "suspend", label: "Suspend", key: "P" },
  resume: { verb: "resume", label: "Resume", key: "P" },
  close: { verb: "close", label: "Close", key: "C" },
};

const POSSIBLE = {
  created: ["start", "close"],
  starting: ["terminate", "kill", "join"],
  running: ["stack", "terminate", "kill", "suspend", "restart", "join"],
  suspended: ["resume", "terminate", "kill", "stack", "restart", "join"],
  stopping: ["kill", "stack", "join"],
  exited: ["join", "restart", "close"],
  joined: ["restart", "close"],
  backoff: ["start", "terminate", "close"],
  fatal: ["restart", "close"],
  lost: ["restart", "close"],
};

/** The verbs possible for a process, the most wanted first. @param {object} process @returns {Verb[]} */
export const verbsFor = (process) => (POSSIBLE[process.state] ?? []).map((verb) => VERBS[verb]);

/** A descendant is not a `multiprocessing.Process` of ours: it can only be ended. @returns {Verb[]} */
export const verbsForDescendant = () => [VERBS.terminate, VERBS.kill];

/** @param {object} process @param {string} verb */
export const can = (process, verb) => (POSSIBLE[process.state] ?? []).includes(verb);
