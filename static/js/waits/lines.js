/** The lines between the nodes of a graph of waits: their course, their arrow, and where their words stand.  Pure. */

import { HEIGHT, WIDTH } from "./layout.js";

const BESIDE = 7;
const ABOVE = 5;
/** The part of the way in which it goes up or down; the rest is level, so that the words stand on it. */
const BENDS = 44;

/**
 * @param {import("./layout.js").Place} from @param {import("./layout.js").Place} to
 * @param {boolean} starts whether its words stand where it begins, else where it ends
 * @returns {{path: string, arrow: string, words: import("./room.js").Spot}}
 */
export function course(from, to, starts) {
  if (from.column === to.column) return upright(from, to);
  if (from.ring && to.ring && from.y < to.y) return corner(from, to);
  const way = from.column < to.column ? 1 : -1;
  const [ax, bx] = way > 0 ? [from.x + WIDTH, to.x] : [from.x, to.x + WIDTH];
  const [ay, by] = [from.y + HEIGHT / 2, to.y + HEIGHT / 2];
  const [run, bend] = [Math.abs(bx - ax) - BENDS, BENDS / 2].map((length) => length * way);
  const [turn, level] = starts ? [ax + run, bx] : [ax, bx - run];
  const path = ay === by ? `M${ax} ${ay}H${bx}` : `M${ax} ${ay}H${turn}C${turn + bend} ${ay} ${level - bend} ${by} ${level} ${by}H${bx}`;
  const words = {
    x: starts ? ax + BESIDE * way : bx - (BESIDE + 6) * way, y: (starts ? ay : by) - ABOVE,
    anchor: starts === way > 0 ? "start" : "end", level: true,
  };
  return { path, arrow: `M${bx} ${by}l${-8 * way} -4v8z`, words };
}

/** The right end of a circle with an odd number of members: down, then to the left. */
function corner(from, to) {
  const [x, ay, bx, by] = [from.x + WIDTH / 2, from.y + HEIGHT, to.x + WIDTH, to.y + HEIGHT / 2];
  return { path: `M${x} ${ay}V${by}H${bx}`, arrow: `M${bx} ${by}l8 -4v8z`, words: { x: x - BESIDE, y: by - ABOVE, anchor: "end", level: true } };
}

/** Two in one column: down on the right of the middle, up on the left of it, so that both ways have room. */
function upright(from, to) {
  const down = from.y < to.y;
  const x = from.x + WIDTH / 2 + (down ? 16 : -16);
  const [ay, by] = down ? [from.y + HEIGHT, to.y] : [from.y, to.y + HEIGHT];
  const words = { x: x + (down ? BESIDE : -BESIDE), y: (ay + by) / 2 + 4, anchor: down ? "start" : "end", level: false };
  return { path: `M${x} ${ay}V${by}`, arrow: `M${x} ${by}l-4 ${down ? -8 : 8}h8z`, words };
}
