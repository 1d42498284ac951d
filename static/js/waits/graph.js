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
 * @typedef {{from: string, to: string, kind: "waits"|"holds", verb: string, since: number|null, blocked: boolean}} Line
 *   `verb`: kind of a wait, or what a process does to end it
 */

import { directly, unblockedBy, unblockers } from "../words/waits.js";
import { bundle, limit, shortenCycle } from "./condense.js";

/** Up to this many of the processes that could end a wait are drawn. */
const MOST_UNBLOCKERS = 4;
const process = (pid) => `p${pid}`;
const resource = (id) => `r${id}`;
const keyOf = (member) => (typeof member === "number" ? process(member) : resource(member));

/**
 * @param {object[]} edges of the supervisor's wait graph @param {any[][]} cycles pids and ids of resources in turn
 * @param {Set<any>} blocked pids and ids of blocking findings @param {(id: string) => object|undefined} resourceOf
 * @returns {{nodes: Map<string, Node>, lines: Line[], rings: string[][], hidden: number}} `hidden`: the number of nodes left out
 */
export function graph(edges, cycles, blocked, resourceOf) {
  const involved = new Set(edges.flatMap(({ pid, resource: id }) => [process(pid), resource(id)]));
  const rings = cycles.map((cycle) => cycle.map(keyOf)).filter((ring) => ring.every((key) => involved.has(key)));
  const nodes = new Map();
  const lines = new Map();
  const node = (kind, key, id) => nodes.has(key) || nodes.set(key, { key, kind, id, blocked: blocked.has(id) });
  const line = (from, to, rest) => lines.has(`${from} ${to}`) || lines.set(`${from} ${to}`, { from, to, blocked: nodes.get(from).blocked && nodes.get(to).blocked, ...rest });
  // Blocked processes are drawn on top.
  const order = edges.toSorted((a, b) => Number(blocked.has(b.pid)) - Number(blocked.has(a.pid)) || a.since - b.since);
  for (const { pid, resource: id, of, to, since, holders } of order) {
    node("process", process(pid), pid);
    const waits = { kind: "waits", verb: to, since };
    if (id === null || id === undefined) {
      // A join, or a message without a resource: the edge leads to the processes that could end the wait.
      for (const other of of === null || of === undefined ? holders : [of]) {
        node("process", process(other), other);
        line(process(pid), process(other), { ...waits, verb: directly(to) });
      }
      continue;
    }
    node("resource", resource(id), id);
    const record = resourceOf(id);
    const verb = record?.kind === "listener" ? directly(to) : to;
    line(process(pid), resource(id), { ...waits, verb });
    const all = withDeadHolder(record, unblockers({ holders, to }, record, true), pid);
    const shown = all.length > MOST_UNBLOCKERS ? mostCertain(id, all, to, cycles) : all;
    const holds = { kind: "holds", verb: unblockedBy(verb, record, all.length > 1), since: null };
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

/** Add the dead holder of an abandoned lock: it is the reason of the wait. */
function withDeadHolder(record, holders, waiter) {
  const { holder = null, kind } = record ?? {};
  const lock = kind === "lock" || kind === "rlock";
  const all = new Set([...holders, ...(lock && holder !== null ? [holder] : [])]);
  if (!lock) all.delete(waiter);
  return [...all];
}

/** Of many, return those in a cycle, and the first that are known to have acquired the resource. */
function mostCertain(id, all, verb, cycles) {
  const next = new Set(cycles.flatMap((cycle) => cycle.flatMap((one, at) => (one === id ? [cycle[(at + 1) % cycle.length]] : []))));
  const cyclic = all.filter((pid) => next.has(pid));
  return verb === "acquire" ? [...new Set([...cyclic, ...all.slice(0, MOST_UNBLOCKERS - 1)])] : cyclic;
}
