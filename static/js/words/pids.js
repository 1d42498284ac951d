/** Who a pid is.  Waits and resources name processes by pid; the page links them. */

import { OS_STATES } from "./explain.js";
import { detailHref } from "../state/router.js";
import { store } from "../state/store.js";

/** @type {Map<number, object>|null} */
let index = null;

store.subscribe(({ processes, descendants, removed, reset }) => {
  if (reset || processes.size || descendants.size || removed.size) index = null;
});

/** The process, or descendant, that has this pid, or had it last. @param {number} pid @returns {object|undefined} */
export function whoIs(pid) {
  index ??= indexed();
  return index.get(pid);
}

/** Descendants first, so that a process takes the place; of several processes that had a pid the living, else the newest. */
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

/** Its name, else "pid 12". @param {number} pid */
export const nameOf = (pid) => whoIs(pid)?.name ?? `pid ${pid}`;

/** Where it is shown, or null. @param {number} pid */
export function hrefOf(pid) {
  const one = whoIs(pid);
  if (!one) return null;
  return "root" in one ? (one.root ? detailHref(one.root, "descendants") : null) : detailHref(one.id);
}

/** Whether it is known to have ended. @param {number} pid */
export function isDead(pid) {
  const one = whoIs(pid);
  return Boolean(one) && ("root" in one ? one.state === "Z" : !one.alive);
}

/** What it does, in a word. @param {number} pid */
export function stateWord(pid) {
  const one = whoIs(pid);
  if (!one) return "";
  return "root" in one ? OS_STATES[one.state] ?? "" : one.state;
}
