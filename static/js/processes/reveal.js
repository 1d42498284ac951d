/** Scrolls a row into view. */

import { table } from "./table.js";

/** Scroll as little as possible. @param {string} key */
export function reveal(key) {
  const { grid, place, step, items } = table;
  const index = items.findIndex((item) => item.key === key);
  if (index < 0) return;
  const [top, height] = [index * step, grid.clientHeight - place.offsetTop];
  if (top < grid.scrollTop) grid.scrollTop = top;
  else if (top + step > grid.scrollTop + height) grid.scrollTop = top + step - height;
}
