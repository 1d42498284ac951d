/**
 * The wait graph as nodes and edges.  Pure.
 *
 *   process ──waits for──▶ resource ──held by──▶ process        a cycle is a deadlock
 *   process ──joins──────▶ process                              so is a message that needs no resource
 * Of many processes that wait for the same and block nobody, the longest waiting ones are shown; one node stands for the
 * others.  One node also stands for many processes that could end a wait: each forked process has both ends of every pipe.
 *
 * @typedef {{key: string, kind: "process"|"resource"|"more", id: any, blocked: boolean, count?: number, group?: "any"|"more"|"cycle"}} Node
 *   `id`: pid, or id of a resource; `group`: its `count` could end the wait: all that could, those not drawn, or those in the same cycle
 * @typedef {{from: string, to: string, kind: "waits"|"holds", label: string, since: number|null, blocked: boolean}} Line
 */

import { bundle, limit, shortenCycle } from "./condense.js";

/** Up to this many of the processes that could end a wait are drawn. */
const MOST_UNBLOCKERS = 4;
const process = (pid) => `p${pid}`;
const resource = (id) => `r${id}`;
const keyOf = (member) => (typeof member === "number" ? process(member) : resource(member));

/**
 * @param {object[]} edges of the supervisor's wait graph @param {any[][]} cycles pids and ids of resources in turn
 * @param {Set<any>} blocked pids and ids of blocking findings @param {(id: string) => boolean} isLock
 * @returns {{nodes: Map<string, Node>, lines: Line[], rings: string[][], hidden: number}} `hidden`: the number of nodes left out
 */
export function graph(edges, cycles, blocked, isLock) {
  const involved = new Set(edges.flatMap(({ pid, resource: id }) => [process(pid), resource(id)]));
  const rings = cycles.map((cycle) => cycle.map(keyOf)).filter((ring) => ring.every((key) => involved.has(key)));
  const nodes = new Map();
  const lines = new Map();
  const node = (kind, key, id) => nodes.has(key) || nodes.set(key, { key, kind, id, blocked: blocked.has(id) });
  const line = (from, to, rest) => lines.has(`${from} ${to}`) || lines.set(`${from} ${to}`, { from, to, blocked: nodes.get(from).blocked && nodes.get(to).blocked, ...rest });
  // Blocked processes are drawn on top.
  const order = edges.toSorted((a, b) => Number(blocked.has(b.pid)) - Number(blocked.has(a.pid)) || a.since - b.since);
  for (const { pid, resource: id, of, to, since, holders, unblockers, label, ended_by: endedBy } of order) {
    node("process", process(pid), pid);
    const waits = { kind: "waits", label, since };
    if (id === null || id === undefined) {
      // A join, or a message without a resource: the edge leads to the processes that could end the wait.
      for (const other of of === null || of === undefined ? holders : [of]) {
        node("process", process(other), other);
        line(process(pid), process(other), waits);
      }
      continue;
    }
    node("resource", resource(id), id);
    line(process(pid), resource(id), waits);
    // Where each waits at a barrier for one more, nobody can end that: a cycle.
    const cyclic = unblockers?.length === 0;
    const all = (cyclic ? holders : unblockers ?? holders).filter((one) => one !== pid || isLock(id));
    const shown = all.length > MOST_UNBLOCKERS ? mostCertain(id, all, to, cycles) : all;
    const holds = { kind: "holds", label: cyclic ? "" : endedBy, since: null };
    for (const holder of shown) {
      node("process", process(holder), holder);
      line(resource(id), process(holder), holds);
    }
    if (shown.length === all.length) continue;
    const rest = `w${id}`;
    node("more", rest, id);
    Object.assign(nodes.get(rest), { count: all.length - shown.length, group: shown.length ? "more" : "any" });
    line(resource(id), rest, holds);
  }
  const whole = { nodes, lines: [...lines.values()], rings };
  const short = rings.reduce(shortenCycle, whole);
  return limit({ ...bundle(short.nodes, short.lines), rings: short.rings }, nodes.size - short.nodes.size);
}

/** Of many, return those in a cycle, and the first that are known to have acquired the resource. */
function mostCertain(id, all, verb, cycles) {
  const next = new Set(cycles.flatMap((cycle) => cycle.flatMap((one, at) => (one === id ? [cycle[(at + 1) % cycle.length]] : []))));
  const cyclic = all.filter((pid) => next.has(pid));
  return verb === "acquire" ? [...new Set([...cyclic, ...all.slice(0, MOST_UNBLOCKERS - 1)])] : cyclic;
}
