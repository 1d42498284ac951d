/**
 * The layout of the wait graph.  Pure.
 *
 * A process stands left of what it waits for.  A cycle is a ring of two rows, the upper one to the right, the lower one
 * back to the left; the nodes connected to it stand beside, above or below.
 *
 * @typedef {{x: number, y: number, column: number, ring: boolean}} Place the upper left corner; `ring`: part of a cycle
 */

import { findCycle, depths, components } from "./shape.js";

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
  for (const component of components(order.keys(), lines)) {
    component.sort((a, b) => order.get(a) - order.get(b));
    const own = lines.filter(({ from }) => component.includes(from));
    const ring = rings.find((one) => component.includes(one[0])) ?? findCycle(component, own);
    const placed = ring ? around(ring, component, own) : layered(component, own);
    const left = Math.min(...[...placed.values()].map(({ column }) => column));
    const top = Math.min(...[...placed.values()].map(({ y }) => y));
    for (const [key, { column, y, ring: ringed = false }] of placed) {
      places.set(key, { column, x: (column - left) * ACROSS, y: height + y - top, ring: ringed });
      width = Math.max(width, (column - left) * ACROSS + WIDTH);
    }
    height = Math.max(...component.map((key) => places.get(key).y)) + HEIGHT + APART;
  }
  return { places, width, height: Math.max(0, height - APART) };
}

/**
 * Lay out a ring and the nodes connected to it: those of its upper row run from left to right and stand above, those of
 * its lower row run from right to left and stand below.
 */
function around(ring, component, lines) {
  const half = Math.ceil(ring.length / 2);
  const placed = new Map(ring.map((key, at) => [key, at < half ? { column: at, row: 0, direction: 1 } : { column: ring.length - 1 - at, row: 1, direction: -1 }]));
  const taken = new Set([...placed.values()].map(({ column, row }) => `${column} ${row}`));
  const place = (key, { column, row, direction }, step) => {
    const at = column + step * direction;
    let free = at < 0 || at >= half ? row : direction > 0 ? -1 : 2;
    while (taken.has(`${at} ${free}`)) free -= direction;
    taken.add(`${at} ${free}`);
    placed.set(key, { column: at, row: free, direction });
  };
  for (let grown = true; grown && placed.size < component.length;) {
    grown = false;
    for (const { from, to } of lines) {
      if (placed.has(from) === placed.has(to)) continue;
      grown = true;
      placed.has(to) ? place(from, placed.get(to), -1) : place(to, placed.get(from), 1);
    }
  }
  const y = (row) => (row < 1 ? row * DOWN : RING_DOWN + (row - 1) * DOWN);
  return new Map([...placed].map(([key, { column, row }]) => [key, { column, y: y(row), ring: ring.includes(key) }]));
}

/** Lay out columns by the distance to the end of the waits; within them, nodes are close to their neighbours. */
function layered(component, lines) {
  const out = Map.groupBy(lines, ({ from }) => from);
  const into = Map.groupBy(lines, ({ to }) => to);
  const depth = depths(component, out);
  const most = Math.max(...depth.values());
  const columns = Array.from({ length: most + 1 }, () => []);
  for (const key of component) columns[most - depth.get(key)].push(key);
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

/** Order a column by the mean height of the neighbours, and move its nodes there as far as the others allow. */
function settle(column, neighbours, y) {
  const mean = (values) => values.reduce((sum, one) => sum + one, 0) / values.length;
  const wanted = new Map(column.map((key) => [key, neighbours(key).length ? mean(neighbours(key)) : y.get(key)]));
  column.sort((a, b) => wanted.get(a) - wanted.get(b)); // stable: equal ones keep their order
  let next = -Infinity;
  for (const key of column) y.set(key, (next = Math.max(wanted.get(key), next + DOWN)));
  const shift = mean(column.map((key) => wanted.get(key) - y.get(key)));
  for (const key of column) y.set(key, y.get(key) + shift);
}
