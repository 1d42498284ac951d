/** What a process of a program waits for and what it holds, in a few words. */

import { span } from "./format.js";
import { nameOf } from "./pids.js";
import { isGrave } from "./programstate.js";
import { kindWord, named, purpose } from "./resourcewords.js";
import { store } from "./store.js";

/** "waits to acquire Lock disk, 41 s", or "" @param {number} pid @param {number} now */
export function waitsFor(pid, now) {
  const edge = store.waits.edges.find((one) => one.pid === pid && one.main !== false) ?? store.waits.edges.find((one) => one.pid === pid);
  if (!edge) return "";
  const { resource, of, to, since } = edge;
  const record = store.resources.get(resource);
  const what = resource ? (record ? `${kindWord(record)} ${named(record).name}` : resource) : nameOf(of);
  return `waits ${purpose(to)} ${what}, ${span(Math.max(0, now - since))}`;
}

/** "holds disk, index", or "" @param {number} pid */
export function holdsNow(pid) {
  const held = [...store.resources.values()].filter(({ holder }) => holder === pid).map((one) => named(one).name);
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
  return found ? { tone: "warn", title: found.text, text: `${found.why} ${found.cure}`.trim(), resources: found.resources } : null;
}
