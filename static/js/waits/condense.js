/** Reduces a large wait graph to a readable size: a cycle stays a cycle, similar nodes become one.  Pure. */

import { components } from "./shape.js";

const ALIKE = 6;
const MOST = 40;
/** Nodes drawn at both ends of a large cycle. */
const ENDS = 6;

/**
 * Replace the middle of a large cycle, with everything connected to it, by one node.
 *
 * @template {{nodes: Map<string, import("./graph.js").Node>, lines: import("./graph.js").Line[], rings: string[][]}} G
 * @param {G} graph @param {string[]} ring one of its cycles @returns {G}
 */
export function shortenCycle({ nodes, lines, rings }, ring) {
  if (!ring.every((one) => nodes.has(one))) return { nodes, lines, rings: rings.filter((one) => one !== ring) };
  if (ring.length <= 2 * ENDS + 3) return { nodes, lines, rings };
  const middle = new Set(ring.slice(ENDS, -ENDS));
  const key = `c${ring[ENDS]}`;
  const count = [...middle].filter((one) => nodes.get(one).kind === "process").length;
  const joined = (one) => [`${ring[ENDS - 1]} ${ring[ENDS]}`, `${ring.at(-ENDS - 1)} ${ring.at(-ENDS)}`].includes(`${one.from} ${one.to}`);
  const round = lines.filter(joined).map((one) => (middle.has(one.to) ? { ...one, to: key } : { ...one, from: key, since: null }));
  const left = [...lines.filter(({ from, to }) => !middle.has(from) && !middle.has(to)), ...round];
  const tied = new Set(left.flatMap(({ from, to }) => [from, to]));
  const kept = new Map([...nodes].filter(([one]) => tied.has(one)));
  kept.set(key, { key, kind: "more", id: nodes.get(ring[ENDS]).id, blocked: true, count, group: "cycle" });
  const shorter = ring.flatMap((one, at) => (at === ENDS ? [key] : middle.has(one) ? [] : [one]));
  return { nodes: kept, lines: left, rings: rings.map((one) => (one === ring ? shorter : one)) };
}

/** Replace all but the longest waiting of similar nodes by one: processes that wait for the same and block nobody. */
export function bundle(nodes, lines) {
  const into = Map.groupBy(lines, ({ to }) => to);
  const out = Map.groupBy(lines, ({ from }) => from);
  const plain = (key) => nodes.get(key).kind === "process" && !nodes.get(key).blocked && !into.has(key) && out.get(key).length === 1;
  const alike = Map.groupBy(lines.filter(({ from }) => plain(from)), ({ to, label }) => `${to} ${label}`);
  const removed = new Set();
  const added = [];
  for (const [name, group] of alike) {
    if (group.length <= ALIKE + 1) continue;
    const rest = group.sort((a, b) => a.since - b.since).slice(ALIKE);
    for (const { from } of rest) { removed.add(from); nodes.delete(from); }
    const key = `m${name}`;
    const to = nodes.get(rest[0].to);
    nodes.set(key, { key, kind: "more", id: to.id, blocked: to.blocked, count: rest.length });
    added.push({ ...rest[0], from: key });
  }
  return { nodes, lines: [...lines.filter(({ from }) => !removed.has(from)), ...added] };
}

/** Keep at most MOST nodes: components with a cycle first, then the largest. */
export function limit({ nodes, lines, rings }, hidden) {
  if (nodes.size <= MOST) return { nodes, lines, rings, hidden };
  const ringed = new Set(rings.flat());
  const rank = (component) => (component.some((key) => nodes.get(key).blocked) ? 1e6 : 0) + component.length;
  const near = (key) => 2 * Number(ringed.has(key)) + Number(nodes.get(key).blocked);
  const kept = new Map();
  for (const component of components(nodes.keys(), lines).sort((a, b) => rank(b) - rank(a))) {
    for (const key of component.sort((a, b) => near(b) - near(a))) if (kept.size < MOST) kept.set(key, nodes.get(key));
  }
  const shown = lines.filter(({ from, to }) => kept.has(from) && kept.has(to));
  return { nodes: kept, lines: shown, rings: rings.filter((ring) => ring.every((key) => kept.has(key))), hidden: hidden + nodes.size - kept.size };
}
