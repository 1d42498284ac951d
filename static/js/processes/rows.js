/** The rows in view: a few elements that are reused for other records as the list scrolls. */

import { DESCENDANT, GROUP, PROCESS, drawSamples } from "./cells.js";
import { setAttr, setData, stamp } from "../dom/dom.js";
import { stateOf } from "../words/format.js";
import { selection } from "./selection.js";
import { store } from "../state/store.js";
import { showVerbButtons } from "./buttons.js";

const WRITERS = { process: PROCESS, descendant: DESCENDANT, group: GROUP };
const OVERSCAN = 4;
const NO_SAMPLES = { cpu: [], rss: [] };

/** @typedef {{el: HTMLElement, cells: Record<string, HTMLElement>, item: object|null, drawn: string, offered: string}} Row */

export class Rows {
  /** @type {Row[]} */ #pool = [];
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
  }

  /**
   * Show the items in the visible part.
   * @param {import("./tree.js").Item[]} items
   * @param {{top: number, height: number, step: number, columns: string[], open: string|null, tree: boolean}} view
   */
  paint(items, { top, height, step, columns, open, tree }) {
    const first = Math.max(0, Math.floor(top / step) - OVERSCAN);
    const wanted = Math.min(items.length - first, Math.ceil(height / step) + 2 * OVERSCAN);
    this.place.style.height = `${items.length * step}px`;
    while (this.#pool.length < wanted) this.#pool.push(this.#make());
    const now = store.now();
    const used = new Set();
    for (let index = first; index < first + wanted; index += 1) {
      const row = this.#pool[index % this.#pool.length];
      used.add(row);
      this.#fill(row, items[index], { index, step, columns, open, tree, now });
    }
    for (const row of this.#pool) row.el.hidden = !used.has(row);
  }

  /** @param {Element} element inside a row @returns {import("./tree.js").Item|null} */
  itemOf(element) {
    const el = element.closest?.(".rows > .row");
    return this.#pool.find((row) => row.el === el)?.item ?? null;
  }

  /** Return the element that shows a record, if it is in view. @param {string} key */
  elementOf(key) {
    return this.#pool.find((row) => !row.el.hidden && row.item?.key === key)?.el ?? null;
  }

  /** Draw all lines again, in new colours. */
  redraw() {
    for (const row of this.#pool) row.drawn = "";
  }

  #make() {
    const el = stamp("row");
    el.id = `row-${this.#pool.length}`;
    const cells = Object.fromEntries([...el.children].map((cell) => [cell.dataset.column, cell]));
    this.place.append(el);
    return { el, cells, item: null, drawn: "", offered: "", y: -1 };
  }

  #fill(row, item, { index, step, columns, open, tree, now }) {
    const { el, cells } = row;
    const { kind, record, key } = item;
    if (row.y !== index * step) el.style.top = `${(row.y = index * step)}px`;
    row.item = item;
    setAttr(el, "aria-rowindex", String(index + 2));
    setAttr(el, "aria-level", tree ? String(item.depth + 1) : null);
    setAttr(el, "aria-expanded", item.below ? String(!item.folded) : null);
    setAttr(el, "aria-selected", kind === "process" ? String(selection.has(key)) : null);
    setData(el, "kind", kind);
    setData(el, "id", kind === "group" ? null : key);
    setData(el, "open", key === open);
    setData(el, "cursor", key === selection.cursor);
    setData(el, "dead", kind === "process" && stateOf(record).dim);
    setData(el, "gone", item.gone);
    if (cells.name.style.getPropertyValue("--depth") !== String(item.depth)) cells.name.style.setProperty("--depth", item.depth);
    for (const [column, cell] of Object.entries(cells)) {
      if (column === "verbs") continue;
      cell.hidden = !columns.includes(column) || (kind === "group" && column !== "name");
      if (!cell.hidden) WRITERS[kind][column]?.(cell, item, now);
    }
    this.#check(cells.select, kind, record, key);
    this.#draw(row, kind, key);
    showVerbButtons(row, item);
  }

  #check(cell, kind, record, key) {
    const box = cell.firstElementChild;
    box.hidden = kind !== "process";
    box.checked = selection.has(key);
    setAttr(box, "aria-label", `Select ${record.name}`);
  }

  #draw(row, kind, key) {
    const state = `${key} ${store.samples.version} ${devicePixelRatio}`;
    if (row.drawn === state) return;
    row.drawn = state;
    drawSamples(row.cells, kind === "process" ? store.samples.of(key) : NO_SAMPLES);
  }
}
