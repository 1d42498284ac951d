/** A list of figures, each with a label and what it means. */

import { fill, stamp } from "../dom/dom.js";

/**
 * @typedef {[label: string, value: (...records: any[]) => any, meaning?: ((...records: any[]) => string)|string|null, style?: string]} Row
 *   a null value hides the row; `style`: "num" or "code"
 */

/** Append the rows to a <dl>. @param {HTMLElement} list @param {Row[]} rows @returns {(...records: any[]) => void} updates them */
export function appendFacts(list, rows) {
  const made = rows.map(([label, , , style]) => {
    const row = stamp("fact");
    fill(row, { label });
    if (style) row.querySelector("[data-text=value]").classList.add(style);
    return row;
  });
  list.append(...made);
  return (...records) => rows.forEach(([, valueOf, meaning], at) => {
    const value = valueOf(...records);
    made[at].hidden = value === null;
    fill(made[at], { value, why: typeof meaning === "function" ? meaning(...records) : meaning });
  });
}
