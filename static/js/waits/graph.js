/**
 * Who waits for whom as nodes and edges.  Pure.
 *
 *   process ──waits for──▶ resource ──held by──▶ process        a cycle is a circle of arrows: a deadlock
 *   process ──joins──────▶ process                              so does a message that comes over nobody's resource
 * Of many that wait for the same thing and hold up nobody, the longest waiting stay; one node stands for the rest.  One
 * stands, too, for many of whom any could let it go on: whatever is forked has both ends of every pipe.
 *
 * @typedef {{key: string, kind: "process"|"resource"|"more", id: any, still: boolean, count?: number, able?: "any"|"more"|"circle"}} Node
 *   `id`: pid, or id of a resource; `able`: its `count` could let it go on: all of those, more than are drawn, or in the same circle
 * @typedef {{from: string, to: string, kind: "waits"|"holds", verb: string, since: number|null, still: boolean}} Line `verb`: of who could end a wait, in words
 */

import { message } from "../words/resources.js";
import { able, endedBy } from "../words/liberators.js";
import { bundle, cut, shorten } from "./short.js";

/** So many of those that could let something go on are drawn one by one. */
const CROWD = 4;
const process = (pid) => `p${pid}`;
const resource = (id) => `r${id}`;
const keyOf = (member) => (typeof member === "number" ? process(member) : resource(member));

/**
 * @param {object[]} edges of the supervisor's waits @param {any[][]} cycles pids and ids of resources in turn
 * @param {Set<any>} still pids and ids of what will never go on @param {(id: string) => object|undefined} resourceOf
 * @returns {{nodes: Map<string, Node>, lines: Line[], rings: string[][], hidden: number}} `hidden`: how many are left out
 */
export function graph(edges, cycles, still, resourceOf) {
  const involved = new Set(edges.flatMap(({ pid, resource: id }) => [process(pid), resource(id)]));
  const rings = cycles.map((cycle) => cycle.map(keyOf)).filter((ring) => ring.every((key) => involved.has(key)));
  const nodes = new Map();
  const lines = new Map();
  const node = (kind, key, id) => nodes.has(key) || nodes.set(key, { key, kind, id, still: still.has(id) });
  const line = (from, to, rest) => lines.has(`${from} ${to}`) || lines.set(`${from} ${to}`, { from, to, still: nodes.get(from).still && nodes.get(to).still, ...rest });
  // What will never go on stands on top.
  const order = edges.toSorted((a, b) => Number(still.has(b.pid)) - Number(still.has(a.pid)) || a.since - b.since);
  for (const { pid, resource: id, of, to, since, holders } of order) {
    node("process", process(pid), pid);
    const waits = { kind: "waits", verb: to, since };
    if (id === null || id === undefined) {
      // A join, or a message over what is no resource: who could send it is the next one.
      for (const other of of === null || of === undefined ? holders : [of]) {
        node("process", process(other), other);
        line(process(pid), process(other), { ...waits, verb: message(to) });
      }
      continue;
    }
    node("resource", resource(id), id);
    const record = resourceOf(id);
    const over = record?.kind === "listener" ? message(to) : to;
    line(process(pid), resource(id), { ...waits, verb: over });
    const liberators = holding(record, able({ holders, to }, record, true), pid);
    const shown = liberators.length > CROWD ? outstanding(id, liberators, to, cycles) : liberators;
    const holds = { kind: "holds", verb: endedBy(over, record, liberators.length > 1), since: null };
    for (const holder of shown) {
      node("process", process(holder), holder);
      line(resource(id), process(holder), holds);
    }
    if (shown.length === liberators.length) continue;
    const crowd = `w${id}`;
    node("more", crowd, id);
    Object.assign(nodes.get(crowd), { count: liberators.length - shown.length, able: shown.length ? "more" : "any" });
    line(resource(id), crowd, holds);
  }
  const whole = { nodes, lines: [...lines.values()], rings };
  const short = rings.reduce(shorten, whole);
  return cut({ ...bundle(short.nodes, short.lines), rings: short.rings }, nodes.size - short.nodes.size);
}

/** Who could let it go on; the dead holder of an abandoned lock stands there too: that is why nobody does. */
function holding(record, holders, waiter) {
  const { holder = null, kind } = record ?? {};
  const lock = kind === "lock" || kind === "rlock";
  const all = new Set([...holders, ...(lock && holder !== null ? [holder] : [])]);
  if (!lock) all.delete(waiter);
  return [...all];
}

/** Of many those in a circle, and the first of those that have acquired it: these are no guess. */
function outstanding(id, liberators, verb, cycles) {
  const next = new Set(cycles.flatMap((cycle) => cycle.flatMap((one, at) => (one === id ? [cycle[(at + 1) % cycle.length]] : []))));
  const circling = liberators.filter((pid) => next.has(pid));
  return verb === "acquire" ? [...new Set([...circling, ...liberators.slice(0, CROWD - 1)])] : circling;
}
