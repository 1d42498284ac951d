/** Places the labels on the edges of the wait graph so that none covers another.  Pure. */

/** The greatest average width of a character, and the height of a label, in units of the drawing. */
const CHARACTER = { plain: 5.7, bold: 6.4 };
const ASCENT = 10;
const DESCENT = 3;
const GAP = 4;
/** From a label above a level edge to one below it. */
const BELOW = 18;
/** The longest time after a label. */
const LONGEST = " 59 m 59 s";

/**
 * @typedef {{x: number, y: number, anchor: "start"|"middle"|"end", level: boolean}} Spot `level`: on a level edge
 * @typedef {{spot: Spot, start: string, timed: boolean, waits: boolean, blocked: boolean}} Label `start`: the text before the time
 */

/**
 * Return the place of each label, or null to hide it.  Labels of waiting processes come first, because the list has the
 * others too.  A label whose place is taken goes below its edge; where edges meet, equal labels are shown once.
 *
 * @param {Label[]} labels @returns {({x: number, y: number}|null)[]}
 */
export function placeLabels(labels) {
  const taken = [];
  const placed = new Map();
  const seen = new Set();
  for (const one of [...labels].sort((a, b) => rank(b) - rank(a))) {
    const { spot: { x, y, level }, start } = one;
    const spot = `${x} ${y} ${start}`;
    const free = seen.has(spot) ? undefined : (level ? [y, y + BELOW] : [y]).find((at) => !taken.some((other) => overlap(box(one, at), other)));
    seen.add(spot);
    placed.set(one, free === undefined ? null : { x, y: free });
    if (free !== undefined) taken.push(box(one, free));
  }
  return labels.map((one) => placed.get(one));
}

const rank = ({ waits, blocked }) => 2 * Number(waits) + Number(blocked);

function box({ spot: { x, anchor }, start, timed, waits, blocked }, y) {
  const width = (start.length + (timed ? LONGEST.length : 0)) * CHARACTER[waits && blocked ? "bold" : "plain"];
  const left = x - { start: 0, middle: width / 2, end: width }[anchor];
  return { left, right: left + width, top: y - ASCENT, bottom: y + DESCENT };
}

const overlap = (one, other) => one.left < other.right + GAP && other.left < one.right + GAP && one.top < other.bottom && other.top < one.bottom;
