/** Room for the words on the lines of a graph of waits: none is printed over another.  Pure. */

/** How wide a character is at most on the average, and how high a line of words, in units of the drawing. */
const CHARACTER = { plain: 5.7, bold: 6.4 };
const ASCENT = 10;
const DESCENT = 3;
const GAP = 4;
/** From words above a level line to words below it. */
const BELOW = 18;
/** Words that tell a time grow: room is kept for this one. */
const LONGEST = " 119 min";

/**
 * @typedef {{x: number, y: number, anchor: "start"|"middle"|"end", level: boolean}} Spot `level`: they stand on a level line
 * @typedef {{spot: Spot, start: string, timed: boolean, waits: boolean, still: boolean}} Said
 */

/**
 * Where each one's words stand, or null: who waits goes before who could let it go on, which the list says too.  What
 * finds its place taken goes below its line; where lines come together, the same words are said once.
 *
 * @param {Said[]} said @returns {({x: number, y: number}|null)[]}
 */
export function rooms(said) {
  const taken = [];
  const found = new Map();
  const once = new Set();
  for (const one of [...said].sort((a, b) => rank(b) - rank(a))) {
    const { spot: { x, y, level }, start } = one;
    const place = `${x} ${y} ${start}`;
    const free = once.has(place) ? undefined : (level ? [y, y + BELOW] : [y]).find((at) => !taken.some((other) => meet(box(one, at), other)));
    once.add(place);
    found.set(one, free === undefined ? null : { x, y: free });
    if (free !== undefined) taken.push(box(one, free));
  }
  return said.map((one) => found.get(one));
}

const rank = ({ waits, still }) => 2 * Number(waits) + Number(still);

function box({ spot: { x, anchor }, start, timed, waits, still }, y) {
  const width = (start.length + (timed ? LONGEST.length : 0)) * CHARACTER[waits && still ? "bold" : "plain"];
  const left = x - { start: 0, middle: width / 2, end: width }[anchor];
  return { left, right: left + width, top: y - ASCENT, bottom: y + DESCENT };
}

const meet = (one, other) => one.left < other.right + GAP && other.left < one.right + GAP && one.top < other.bottom && other.top < one.bottom;
