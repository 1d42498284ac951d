/**
 * A table one can click while it updates: while the order is held no row moves.  What ended stays as a ghost in its
 * place, what is new comes at the end; values go on changing.
 */

import { put } from "../dom/dom.js";

/** Why the order is held now, or null. @param {HTMLElement} rows @param {number} selected @returns {string|null} */
export function heldBy(rows, selected) {
  if (selected) return "selection";
  if (document.querySelector("dialog[open], [popover]:popover-open")) return "dialog";
  return matchMedia("(hover: hover)").matches && rows.matches(":hover") ? "pointer" : null;
}

/** Say that rows are not in their true order, and why. @param {HTMLElement} hint @param {string|null|false} reason */
export function tellHeld(hint, reason, fresh) {
  put(hint, reason ? (fresh ? `order held · ${fresh} new at the end` : "order held") : "");
  hint.title = reason ? `Rows stay in place because of the ${reason}; values still update.` : "";
}

/**
 * @template {{key: string}} Item
 * @param {Item[]} before the rows as they stand @param {Item[]} wanted the rows in their true order
 * @returns {{items: Item[], fresh: number}} the wanted rows in the order of `before`; `fresh` are at the end
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
