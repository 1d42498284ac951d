/** The edges of the wait graph: their path, arrow and the place of their label.  Pure. */

import { HEIGHT, WIDTH } from "./layout.js";

const BESIDE = 7;
const ABOVE = 5;
/** The width of the curved part; the label stands on the level part. */
const CURVE = 44;

/**
 * @param {import("./layout.js").Place} from @param {import("./layout.js").Place} to
 * @param {boolean} atStart whether the label stands at the start, else at the end
 * @returns {{path: string, arrow: string, label: import("./labels.js").Spot}}
 */
export function edgePath(from, to, atStart) {
  if (from.column === to.column) return vertical(from, to);
  if (from.ring && to.ring && from.y < to.y) return corner(from, to);
  const direction = from.column < to.column ? 1 : -1;
  const [ax, bx] = direction > 0 ? [from.x + WIDTH, to.x] : [from.x, to.x + WIDTH];
  const [ay, by] = [from.y + HEIGHT / 2, to.y + HEIGHT / 2];
  const [run, bend] = [Math.abs(bx - ax) - CURVE, CURVE / 2].map((length) => length * direction);
  const [turn, level] = atStart ? [ax + run, bx] : [ax, bx - run];
  const path = ay === by ? `M${ax} ${ay}H${bx}` : `M${ax} ${ay}H${turn}C${turn + bend} ${ay} ${level - bend} ${by} ${level} ${by}H${bx}`;
  const label = {
    x: atStart ? ax + BESIDE * direction : bx - (BESIDE + 6) * direction, y: (atStart ? ay : by) - ABOVE,
    anchor: atStart === direction > 0 ? "start" : "end", level: true,
  };
  return { path, arrow: `M${bx} ${by}l${-8 * direction} -4v8z`, label };
}

/** The right end of a cycle with an odd number of nodes: down, then left. */
function corner(from, to) {
  const [x, ay, bx, by] = [from.x + WIDTH / 2, from.y + HEIGHT, to.x + WIDTH, to.y + HEIGHT / 2];
  return { path: `M${x} ${ay}V${by}H${bx}`, arrow: `M${bx} ${by}l8 -4v8z`, label: { x: x - BESIDE, y: by - ABOVE, anchor: "end", level: true } };
}

/** Between nodes of one column: down on the right of the middle, up on the left, so that both fit. */
function vertical(from, to) {
  const down = from.y < to.y;
  const x = from.x + WIDTH / 2 + (down ? 16 : -16);
  const [ay, by] = down ? [from.y + HEIGHT, to.y] : [from.y, to.y + HEIGHT];
  const label = { x: x + (down ? BESIDE : -BESIDE), y: (ay + by) / 2 + 4, anchor: down ? "start" : "end", level: false };
  return { path: `M${x} ${ay}V${by}`, arrow: `M${x} ${by}l-4 ${down ? -8 : 8}h8z`, label };
}
