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
  const { families, orphans } = grouped(processes, descendants);
  const tree = params.get("view") === "tree";
  const wanted = (process) =>
    match.process(process) || (tree && (families.get(process.id) ?? []).some(match.descendant) && !params.get("state") && params.get("q"));
  const items = [];
  for (const process of [...processes.values()].filter(wanted).sort(comparison(params.get("sort")))) {
    const family = families.get(process.id) ?? [];
    items.push({ key: process.id, kind: "process", record: process, depth: 0, below: tree ? family.length : 0 });
    if (tree && !folded.has(process.id)) items.push(...branch(process, family));
  }
  return items.concat(orphanGroup(orphans.filter(match.descendant)));
}

function grouped(processes, descendants) {
  const families = new Map();
  const orphans = [];
  for (const one of descendants.values()) {
    if (one.root === null || !processes.has(one.root)) orphans.push(one);
    else families.has(one.root) ? families.get(one.root).push(one) : families.set(one.root, [one]);
  }
  return { families, orphans };
}

/** Depth first from the pid of the root; a descendant whose parent has exited is shown directly below the root. */
function branch(root, family) {
  const pids = new Set(family.map((one) => one.pid));
  const children = Map.groupBy(family, (one) => (pids.has(one.ppid) ? one.ppid : root.pid));
  const items = [];
  const walk = (pid, depth) => {
    for (const record of (children.get(pid) ?? []).sort((a, b) => a.pid - b.pid)) {
      items.push({ key: record.id, kind: "descendant", record, depth, below: 0 });
      walk(record.pid, depth + 1);
    }
  };
  walk(root.pid, 1);
  return items;
}

function orphanGroup(orphans) {
  if (!orphans.length) return [];
  const group = { key: "orphans", kind: "group", record: { name: "Orphans", count: orphans.length }, depth: 0, below: 0 };
  const rows = orphans.map((record) => ({ key: record.id, kind: "descendant", record, depth: 1, below: 0 }));
  return [group, ...rows];
}
