/** What the attributes of a `multiprocessing.Process` mean, in a sentence each, for a given record.  Pure. */

/** The kernel's letters for what a process does. @type {Record<string, string>} */
export const OS_STATES = { R: "running", S: "sleeping", D: "in the kernel", T: "stopped", t: "traced", Z: "zombie", I: "idle" };

const METHODS = {
  forkserver: "Forked from a small clean server: quick to start, and free of the parent's threads and locks.",
  spawn: "A fresh interpreter that imports everything anew: the slowest start, nothing is inherited.",
  fork: "A copy of the supervisor as it stood: the quickest start, but it inherits whatever was held at that moment.",
};

/** @param {object} process */
export function startMethod({ start_method: method, observed }) {
  const words = METHODS[method] ?? "";
  return observed ? words.replace("the supervisor", "its parent") : words;
}

/** @param {boolean} daemon */
export const daemon = (daemon) =>
  daemon
    ? "It is ended when its parent exits, and may not have children of its own."
    : "Its parent waits for it at exit; it may have children of its own.";

/** @param {object} process */
export function parent({ ppid, started_by: startedBy, start_method: method }) {
  if (ppid === null || ppid === undefined) return "It has no process of the OS.";
  if (ppid === startedBy) return "The parent of the OS is the one that called start().";
  if (method === "forkserver") return `pid ${startedBy ?? "?"} called start(); the forkserver forked it, so the OS names that.`;
  return `pid ${startedBy ?? "?"} called start().`;
}

/** @param {object} process */
export function exit({ exitcode: code, alive, state }) {
  if (code === null || code === undefined) return alive ? "None while it runs." : state === "lost" ? "Nobody saw it." : "None: it has not run.";
  if (code === 0) return "It returned.";
  if (code < 0) return `Ended by signal ${-code}: multiprocessing gives −N for signal N.`;
  return code === 1 ? "1 is what an exception gives; sys.exit() can too." : `Passed to sys.exit() or os._exit().`;
}

/** @param {object} process */
export function sentinel({ sentinel: fd, alive, observed }) {
  if (!fd) return observed ? "Its parent did not tell one." : "None: there is nothing to wait for.";
  if (fd.held_by?.length)
    return `It is dead, yet its sentinel does not fire: pid ${fd.held_by.join(", ")} inherited the other end and still hold${
      fd.held_by.length > 1 ? "" : "s"} it. join(timeout) and wait() on it would wait in vain; Procession watches a pidfd instead.`;
  const whose = observed ? " The fd is its parent's." : "";
  if (fd.ready) return `Ready: whoever waits on it was told that the process ended.${whose}`;
  return alive ? `Becomes ready when the process ends.${whose}` : "Not ready.";
}

/** @param {object} process */
export const autoJoin = ({ auto_join: on, observed }) =>
  observed ? "Procession only watches it." : on ? "Joined as soon as it ends." : "It stays a zombie after its end, until somebody joins it.";

/** @param {object} process */
export const grace = ({ grace_s: seconds }) => `Terminate sends SIGTERM, waits ${seconds} s, then kills what is left of its tree.`;

const RESTARTS = {
  never: "When it ends, it stays ended.",
  "on-failure": "Started again when it ends with another exit code than 0.",
  always: "Started again whenever it ends by itself.",
};

/** @param {object} process */
export function restart({ restart: rule, restarts }) {
  const words = RESTARTS[rule?.policy] ?? "";
  if (!rule || rule.policy === "never") return restarts ? `${words} Restarted ${restarts} times by hand.` : words;
  return `${words} Waits ${rule.delay_s} s, doubled each time up to ${rule.max_delay_s} s; gives up after ${rule.limit} in a row. Restarts so far: ${restarts}.`;
}

/** @param {object} process */
export const preload = ({ preloaded, start_method: method }) =>
  method !== "forkserver" ? "" : preloaded ? "The forkserver had Procession's child module loaded already."
    : preloaded === false ? "The forkserver had not loaded Procession's child module: starts take longer than they need." : "";
