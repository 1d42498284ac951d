/** What a process of a program waits for, what it holds, and its part in a finding. */

import { capitalized, duration } from "./format.js";
import { nameOf } from "./pids.js";
import { gradedWord, isBlocking } from "./programs.js";
import { isLock, isSemaphore } from "./resources.js";
import { store } from "../state/store.js";

const MOST_NAMED = 2;

/** "waits for Lock disk, 41 s", or "" @param {number} pid @param {number} now */
export function waitsFor(pid, now) {
  const edge = store.waits.edges.find((one) => one.pid === pid && one.main !== false) ?? store.waits.edges.find((one) => one.pid === pid);
  if (!edge) return "";
  const { resource, of, phrase, holders, since } = edge;
  const record = store.resources.get(resource);
  const what = record ? `${record.kind_label} ${record.title}` : resource ?? (of === null ? holders : [of]).slice(0, MOST_NAMED).map(nameOf).join(", ");
  return `${phrase} ${what}, ${duration(now - since)}`;
}

/** "disk, index", or "" @param {number} pid */
export function locksHeldBy(pid) {
  const held = [...store.resources.values()].filter((one) => !one.part_of && (isSemaphore(one) ? one.acquired_by?.includes(pid) : isLock(one) && one.holder === pid));
  const names = held.slice(0, MOST_NAMED).map((one) => one.title).join(", ");
  return held.length > MOST_NAMED ? `${names} and ${held.length - MOST_NAMED} more` : names;
}

/** Return the finding that blocks a process, if there is one. @param {object} process @returns {(import("./finding.js").Finding & {resources: string[]})|null} */
export function programFinding({ pid, program, alive }) {
  if (!program || !alive) return null;
  const found = store.waits.findings.find((one) => isBlocking(one) && one.pids.includes(pid));
  if (!found) return null;
  return { tone: "warn", title: `${capitalized(gradedWord(found))}.`, text: [found.text, found.why, found.cure].filter(Boolean).join(" "), resources: found.resources };
}
