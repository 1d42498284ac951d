/** A graph of waits with a large circle in it, made small enough to be seen as one.  Pure. */

/** So many at both ends of a large circle are drawn, processes and resources together. */
const ENDS = 6;

/**
 * The middle of the circle, with all that hangs on that, becomes one node.
 *
 * @template {{nodes: Map<string, import("./waitgraph.js").Node>, lines: import("./waitgraph.js").Line[], rings: string[][]}} G
 * @param {G} graph @param {string[]} ring one of its circles @returns {G}
 */
export function shorten({ nodes, lines, rings }, ring) {
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
  kept.set(key, { key, kind: "more", id: nodes.get(ring[ENDS]).id, still: true, count, able: "circle" });
  const shorter = ring.flatMap((one, at) => (at === ENDS ? [key] : middle.has(one) ? [] : [one]));
  return { nodes: kept, lines: left, rings: rings.map((one) => (one === ring ? shorter : one)) };
}
