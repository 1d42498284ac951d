/** Brings a row into sight. */

import { table } from "./table.js";

/** Scroll as little as needed; the table follows its own scrolling. @param {string} key */
export function reveal(key) {
  const { grid, place, step, items } = table;
  const index = items.findIndex((item) => item.key === key);
  if (index < 0) return;
  const [top, room] = [index * step, grid.clientHeight - place.offsetTop];
  if (top < grid.scrollTop) grid.scrollTop = top;
  else if (top + step > grid.scrollTop + room) grid.scrollTop = top + step - room;
}
