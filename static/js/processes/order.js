/**
 * Keeps rows in place while the user points at them or has selected some.  A removed row stays greyed out, new rows are
 * appended, values keep updating.
 */

import { setText } from "../dom/dom.js";

const PAUSED = { selection: "sorting paused during selection", dialog: "sorting paused", pointer: "sorting paused while hovering" };

/** Return why sorting is paused, or null. @param {HTMLElement} rows @param {number} selected @returns {string|null} */
export function reasonForHold(rows, selected) {
  if (selected) return "selection";
  if (document.querySelector("dialog[open], [popover]:popover-open")) return "dialog";
  return matchMedia("(hover: hover)").matches && rows.matches(":hover") ? "pointer" : null;
}

/** Show that sorting is paused, and why. @param {HTMLElement} hint @param {string|null|false} reason */
export function showHold(hint, reason, fresh) {
  setText(hint, reason ? (fresh ? `${PAUSED[reason]} · ${fresh} new at the end` : PAUSED[reason]) : "");
  hint.title = reason ? "Rows stay in place; their values still update." : "";
}

/**
 * @template {{key: string}} Item
 * @param {Item[]} before the shown rows @param {Item[]} wanted the sorted rows
 * @returns {{items: Item[], fresh: number}} the wanted rows in the order of `before`, with `fresh` new ones at the end
 */
export function hold(before, wanted) {
  const left = new Map(wanted.map((item) => [item.key, item]));
  const items = before.map((item) => {
    const now = left.get(item.key);
    left.delete(item.key);
    return now ?? { ...item, gone: true };
  });
  return { items: items.concat(...left.values()), fresh: left.size };
}
