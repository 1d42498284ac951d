/** Processes by pid: waits and resources name them so. */

import { OS_STATES } from "./explain.js";
import { detailHref } from "../state/router.js";
import { store } from "../state/store.js";

/** @type {Map<number, object>|null} */
let index = null;

store.subscribe(({ processes, descendants, removed, reset }) => {
  if (reset || processes.size || descendants.size || removed.size) index = null;
});

/** Return the process or descendant that has this pid, or had it last. @param {number} pid @returns {object|undefined} */
export function processWithPid(pid) {
  index ??= indexed();
  return index.get(pid);
}

/** A process replaces a descendant of the same pid; of several processes the live one counts, else the newest. */
function indexed() {
  const known = new Map();
  for (const one of store.descendants.values()) known.set(one.pid, one);
  for (const one of store.processes.values()) {
    if (one.pid === null) continue;
    const before = known.get(one.pid);
    if (!before || "root" in before || one.alive || !before.alive) known.set(one.pid, one);
  }
  return known;
}

/** Return its name, else "pid 12". @param {number} pid */
export const nameOf = (pid) => processWithPid(pid)?.name ?? `pid ${pid}`;

/** Return the address of its detail, or null. @param {number} pid */
export function hrefOf(pid) {
  const one = processWithPid(pid);
  if (!one) return null;
  return "root" in one ? (one.root ? detailHref(one.root, "descendants") : null) : detailHref(one.id);
}

/** Return whether it is known to have exited. @param {number} pid */
export function hasExited(pid) {
  const one = processWithPid(pid);
  return Boolean(one) && ("root" in one ? one.state === "Z" : !one.alive);
}

/** Return its state, or "" if it is unknown. @param {number} pid */
export function stateWord(pid) {
  const one = processWithPid(pid);
  if (!one) return "";
  return "root" in one ? OS_STATES[one.state] ?? "" : one.state;
}
