/** What a process of a program waits for and what it holds, in a few words. */

import { span } from "./format.js";
import { nameOf } from "./pids.js";
import { findingWord, isGrave } from "./programs.js";
import { called } from "./names.js";
import { isLock, isSemaphore, kindWord, message, over, purpose } from "./resources.js";
import { store } from "../state/store.js";

/** "waits to acquire Lock disk, 41 s", or "" @param {number} pid @param {number} now */
export function waitsFor(pid, now) {
  const edge = store.waits.edges.find((one) => one.pid === pid && one.main !== false) ?? store.waits.edges.find((one) => one.pid === pid);
  if (!edge) return "";
  const { resource, of, to, holders, since } = edge;
  if (resource === null && of === null) return `waits ${purpose(message(to))} ${holders.slice(0, 2).map(nameOf).join(", ")}, ${span(Math.max(0, now - since))}`;
  const record = store.resources.get(resource);
  const what = resource ? (record ? `${kindWord(record)} ${called(record).name}` : resource) : nameOf(of);
  return `waits ${purpose(over(to, record))} ${what}, ${span(Math.max(0, now - since))}`;
}

/** "holds disk, index", or "" @param {number} pid */
export function holdsNow(pid) {
  const held = [...store.resources.values()].filter((one) => !one.part_of && (isSemaphore(one) ? one.acquired_by?.includes(pid) : isLock(one) && one.holder === pid)).map((one) => called(one).name);
  if (!held.length) return "";
  return `holds ${held.slice(0, 2).join(", ")}${held.length > 2 ? ` and ${held.length - 2} more` : ""}`;
}

/**
 * What is said of it because others wait for it, or it for others: its share in what stands still.
 * @param {object} process @returns {(import("./finding.js").Finding & {resources: string[]})|null}
 */
export function sharedFinding({ pid, program, alive }) {
  if (!program || !alive) return null;
  const found = store.waits.findings.find((one) => isGrave(one) && one.pids.includes(pid));
  if (!found) return null;
  const title = findingWord(found);
  return { tone: "warn", title: `${title[0].toUpperCase()}${title.slice(1)}.`, text: [found.text, found.why, found.cure].filter(Boolean).join(" "), resources: found.resources };
}
