/** What each attribute of a `multiprocessing.Process` means, in one sentence for a given record.  Pure. */

/** The kernel's letters for the state of a process. @type {Record<string, string>} */
export const OS_STATES = { R: "running", S: "sleeping", D: "uninterruptible", T: "stopped", t: "traced", Z: "zombie", I: "idle" };

const METHODS = {
  forkserver: "Forked from a small server process: fast start, no threads or locks inherited.",
  spawn: "Runs a fresh interpreter: slow start, nothing inherited.",
  fork: "Copy of the supervisor: fastest start, but inherits any lock held at that moment.",
};

/** @param {object} process */
export function startMethod({ start_method: method, observed }) {
  const text = METHODS[method] ?? "";
  return observed ? text.replace("the supervisor", "its parent") : text;
}

/** @param {boolean} daemon */
export const daemon = (daemon) => (daemon ? "Terminated when its parent exits; cannot have children." : "Joined by its parent at exit; can have children.");

/** @param {object} process */
export function parent({ ppid, started_by: startedBy, start_method: method }) {
  if (ppid === null || ppid === undefined) return "Not started.";
  if (ppid === startedBy) return "Also called start().";
  return `pid ${startedBy ?? "?"} called start()${method === "forkserver" ? "; the forkserver forked the process" : ""}.`;
}

/** @param {object} process */
export function exit({ exitcode: code, alive, state }) {
  if (code === null || code === undefined) return alive ? "Still running." : state === "lost" ? "Exit not observed." : "Has not run.";
  if (code === 0) return "Normal exit.";
  if (code < 0) return `Killed by signal ${-code}; multiprocessing reports −N for signal N.`;
  return code === 1 ? "Unhandled exception, or sys.exit(1)." : "Passed to sys.exit() or os._exit().";
}

/** "6 ready", "6 waiting", "6 held by 4711" @param {object|null} sentinel @param {string} label before the number */
export function sentinelText(sentinel, label = "") {
  if (!sentinel) return "–";
  const state = sentinel.held_by?.length ? `held by ${sentinel.held_by[0]}` : sentinel.ready ? "ready" : "waiting";
  return `${label}${sentinel.fd} ${state}`;
}

/** @param {object} process */
export function sentinel({ sentinel: fd, alive, observed }) {
  if (!fd) return observed ? "Not reported by its parent." : "No process to wait for.";
  if (fd.held_by?.length) {
    return `The process has exited, but its sentinel is not ready: pid ${fd.held_by.join(", ")} inherited the other end. join(timeout) and wait() block; Procession uses a pidfd instead.`;
  }
  const owner = observed ? " The fd belongs to its parent." : "";
  if (fd.ready) return `The process has exited.${owner}`;
  return alive ? `Becomes ready when the process exits.${owner}` : "Not ready.";
}

/** @param {object} process */
export const autoJoin = ({ auto_join: on, observed }) =>
  observed ? "Procession only observes it." : on ? "Joined as soon as it exits." : "Remains a zombie after it exits until it is joined.";

/** @param {object} process */
export const grace = ({ grace_s: seconds }) => `Terminate sends SIGTERM, then SIGKILL to the process tree after ${seconds} s.`;

const RESTARTS = {
  never: "Not restarted after it exits.",
  "on-failure": "Restarted when its exit code is not 0.",
  always: "Restarted when it exits on its own.",
};

/** @param {object} process */
export function restart({ restart: rule, restarts }) {
  const text = RESTARTS[rule?.policy] ?? "";
  if (!rule || rule.policy === "never") return restarts ? `${text} Restarted manually: ${restarts}.` : text;
  return `${text} Delay ${rule.delay_s} s, doubled up to ${rule.max_delay_s} s; gives up after ${rule.limit} restarts in a row. Restarts so far: ${restarts}.`;
}

/** @param {object} process */
export const started = ({ booted, start_time: at }) => (booted || !at ? "" : "Target function not started yet.");

/** @param {string|undefined} state of the kernel */
export const osState = (state) => (state ? `OS state: ${OS_STATES[state] ?? state}.` : "");

/** @param {object} process */
export const preload = ({ preloaded, start_method: method }) =>
  method !== "forkserver" ? "" : preloaded ? "The forkserver had preloaded procession.child."
    : preloaded === false ? "The forkserver had not preloaded procession.child: starts are slower." : "";
