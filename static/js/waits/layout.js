/**
 * Where the nodes of a graph of waits stand.  Pure.
 *
 * Who waits stands left of what it waits for.  A cycle is laid out as a ring of two rows, there to the right and back to
 * the left, so that it is seen as one; what hangs on it stands left and right of it, or below.
 *
 * @typedef {{x: number, y: number, column: number, ring: boolean}} Place the upper left corner; `ring`: it is part of a circle
 */

import { circle, depths, families } from "./shape.js";

export const WIDTH = 172;
export const HEIGHT = 44;
const ACROSS = WIDTH + 134;
const DOWN = HEIGHT + 14;
const RING_DOWN = HEIGHT + 46;
const APART = 34;

/**
 * @param {Iterable<string>} keys @param {{from: string, to: string}[]} lines @param {string[][]} rings
 * @returns {{places: Map<string, Place>, width: number, height: number}}
 */
export function layout(keys, lines, rings) {
  const places = new Map();
  let [width, height] = [0, 0];
  const order = new Map([...keys].map((key, at) => [key, at]));
  for (const family of families(order.keys(), lines)) {
    family.sort((a, b) => order.get(a) - order.get(b));
    const own = lines.filter(({ from }) => family.includes(from));
    const ring = rings.find((one) => family.includes(one[0])) ?? circle(family, own);
    const placed = ring ? around(ring, family, own) : layered(family, own);
    const left = Math.min(...[...placed.values()].map(({ column }) => column));
    const top = Math.min(...[...placed.values()].map(({ y }) => y));
    for (const [key, { column, y, ring: ringed = false }] of placed) {
      places.set(key, { column, x: (column - left) * ACROSS, y: height + y - top, ring: ringed });
      width = Math.max(width, (column - left) * ACROSS + WIDTH);
    }
    height = Math.max(...family.map((key) => places.get(key).y)) + HEIGHT + APART;
  }
  return { places, width, height: Math.max(0, height - APART) };
}

/**
 * The ring; and the others as far from it as they wait for it: what hangs on its upper row goes on from the left to the
 * right and stands above, what hangs on the lower row goes on from the right to the left and stands below.
 */
function around(ring, family, lines) {
  const half = Math.ceil(ring.length / 2);
  const placed = new Map(ring.map((key, at) => [key, at < half ? { column: at, row: 0, way: 1 } : { column: ring.length - 1 - at, row: 1, way: -1 }]));
  const taken = new Set([...placed.values()].map(({ column, row }) => `${column} ${row}`));
  const put = (key, { column, row, way }, step) => {
    const at = column + step * way;
    let free = at < 0 || at >= half ? row : way > 0 ? -1 : 2;
    while (taken.has(`${at} ${free}`)) free -= way;
    taken.add(`${at} ${free}`);
    placed.set(key, { column: at, row: free, way });
  };
  for (let grown = true; grown && placed.size < family.length;) {
    grown = false;
    for (const { from, to } of lines) {
      if (placed.has(from) === placed.has(to)) continue;
      grown = true;
      placed.has(to) ? put(from, placed.get(to), -1) : put(to, placed.get(from), 1);
    }
  }
  const y = (row) => (row < 1 ? row * DOWN : RING_DOWN + (row - 1) * DOWN);
  return new Map([...placed].map(([key, { column, row }]) => [key, { column, y: y(row), ring: ring.includes(key) }]));
}

/** Columns by the distance to the last that is waited for; in them everybody as near as can be to its neighbours. */
function layered(family, lines) {
  const out = Map.groupBy(lines, ({ from }) => from);
  const into = Map.groupBy(lines, ({ to }) => to);
  const depth = depths(family, out);
  const most = Math.max(...depth.values());
  const columns = Array.from({ length: most + 1 }, () => []);
  for (const key of family) columns[most - depth.get(key)].push(key);
  const y = new Map();
  for (const column of columns) column.forEach((key, row) => y.set(key, row * DOWN));
  const ahead = (key) => (out.get(key) ?? []).map(({ to }) => y.get(to));
  const behind = (key) => (into.get(key) ?? []).map(({ from }) => y.get(from));
  for (let turn = 0; turn < 3; turn += 1) {
    for (const column of columns.toReversed()) settle(column, ahead, y);
    for (const column of columns) settle(column, behind, y);
  }
  return new Map(columns.flatMap((column, at) => column.map((key) => [key, { column: at, y: y.get(key) }])));
}

/** Order a column by the mean height of its neighbours, and move everybody there as far as the others leave room. */
function settle(column, neighbours, y) {
  const mean = (values) => values.reduce((sum, one) => sum + one, 0) / values.length;
  const wanted = new Map(column.map((key) => [key, neighbours(key).length ? mean(neighbours(key)) : y.get(key)]));
  column.sort((a, b) => wanted.get(a) - wanted.get(b)); // stable: of equal ones the first stays first
  let next = -Infinity;
  for (const key of column) y.set(key, (next = Math.max(wanted.get(key), next + DOWN)));
  const shift = mean(column.map((key) => wanted.get(key) - y.get(key)));
  for (const key of column) y.set(key, y.get(key) + shift);
}
