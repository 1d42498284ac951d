/**
 * The sorted items: processes only, or each with its descendants below it; orphans of unknown origin last.
 *
 * @typedef {{key: string, kind: "process"|"descendant"|"group", record: object, depth: number, below: number,
 *   gone?: boolean}} Item   `below`: the number of its descendants
 */

import { comparison } from "./columns.js";
import { matcher } from "./filter.js";

/**
 * @param {{processes: Map<string, object>, descendants: Map<string, object>}} known
 * @param {URLSearchParams} params q, state, sort, view
 * @param {Set<string>} folded keys of collapsed processes
 * @returns {Item[]}
 */
export function arrange({ processes, descendants }, params, folded) {
  const match = matcher(params);
  const families = Map.groupBy(descendants.values(), ({ root }) => (processes.has(root) ? root : null));
  const tree = params.get("view") === "tree";
  const wanted = (process) =>
    match.process(process) || (tree && (families.get(process.id) ?? []).some(match.descendant) && !params.get("state") && params.get("q"));
  const items = [];
  for (const process of [...processes.values()].filter(wanted).sort(comparison(params.get("sort")))) {
    const family = families.get(process.id) ?? [];
    items.push({ key: process.id, kind: "process", record: process, depth: 0, below: tree ? family.length : 0 });
    if (tree && !folded.has(process.id)) items.push(...depthFirst(family).map(({ one, depth }) => descendant(one, depth + 1)));
  }
  return items.concat(orphanGroup((families.get(null) ?? []).filter(match.descendant)));
}

/** Return processes depth first, each with its depth; one whose parent is not among them is at the top. @param {object[]} family @returns {{one: object, depth: number}[]} */
export function depthFirst(family) {
  const pids = new Set(family.map(({ pid }) => pid));
  const children = Map.groupBy(family.toSorted((a, b) => a.pid - b.pid), ({ ppid }) => (pids.has(ppid) ? ppid : null));
  const walk = (parent, depth) => (children.get(parent) ?? []).flatMap((one) => [{ one, depth }, ...walk(one.pid, depth + 1)]);
  return walk(null, 0);
}

const descendant = (record, depth) => ({ key: record.id, kind: "descendant", record, depth, below: 0 });

function orphanGroup(orphans) {
  if (!orphans.length) return [];
  const group = { key: "orphans", kind: "group", record: { name: "Orphans", count: orphans.length }, depth: 0, below: 0 };
  return [group, ...orphans.map((record) => descendant(record, 1))];
}
