/**
 * The list, windowed: records become items in their order, and those in sight become rows, once per painted frame.
 *
 *   store, address, folding ──▶ arrange ──▶ hold ──▶ items ──▶ Rows.paint
 *   scroll, resize, selection, each second ───────────────────▶ Rows.paint
 */

import { attr, put } from "./dom.js";
import { framed } from "./frame.js";
import { heldBy, hold } from "./order.js";
import { onTheme } from "./palette.js";
import { onRoute, route } from "./router.js";
import { Rows } from "./rows.js";
import { onSelection, selection } from "./selection.js";
import { store } from "./store.js";
import { arrange } from "./tree.js";

const grid = document.getElementById("grid");
const place = document.getElementById("rows");
const hint = document.getElementById("held");
const rows = new Rows(place);
const folded = new Set();
const settled = new Set();
let items = [];
let columns = [];
let step = 34;
let stale = true;
let release = true;
let previous = "";

/** The rows as they stand. */
export const table = {
  grid, place, rows,
  get items() { return items; },
  /** Ids of the processes in the order shown. */
  get order() { return items.filter((item) => item.kind === "process" && !item.gone).map((item) => item.key); },
  get step() { return step; },
  /** Calls `fn()` after the rows were put in order. @param {() => void} fn */
  onSettled(fn) { settled.add(fn); },
  /** Show these columns. @param {string[]} keys */
  show(keys) { columns = keys; repaint(); },
  /** Fold or unfold what is below a process. @param {string} key */
  fold(key) {
    folded.has(key) ? folded.delete(key) : folded.add(key);
    reorder();
  },
  /** Scroll so that a row is in sight. @param {string} key */
  reveal(key) {
    const index = items.findIndex((item) => item.key === key);
    if (index < 0) return;
    const head = place.offsetTop;
    const [top, room] = [index * step, grid.clientHeight - head];
    if (top < grid.scrollTop) grid.scrollTop = top;
    else if (top + step > grid.scrollTop + room) grid.scrollTop = top + step - room;
    repaint();
  },
};

const repaint = framed(paint);

/** A person asked for another order: it is made anew even while the old one is held. */
function reorder() {
  release = stale = true;
  repaint();
}

function settle() {
  const { params } = route();
  const wanted = arrange(store, params, folded);
  const reason = release ? null : heldBy(place, selection.size);
  const { items: held, fresh } = reason ? hold(items, wanted) : { items: wanted, fresh: 0 };
  const moved = held.some((item, i) => item.key !== wanted[i]?.key);
  items = held.map((item) => (folded.has(item.key) ? { ...item, folded: true } : item));
  put(hint, reason && moved ? (fresh ? `order held · ${fresh} new at the end` : "order held") : "");
  hint.title = reason ? `Rows stay in place because of the ${reason}; values still update.` : "";
  stale = Boolean(reason);
  release = false;
  for (const fn of settled) fn();
}

function paint() {
  if (route().page !== "processes") return;
  if (stale) settle();
  step = parseFloat(getComputedStyle(place).getPropertyValue("--row")) || 34;
  attr(grid, "aria-rowcount", String(items.length + 1));
  const { id: open, params } = route();
  const tree = params.get("view") === "tree";
  attr(grid, "role", tree ? "treegrid" : "grid");
  rows.paint(items, { top: grid.scrollTop, height: grid.clientHeight, step, columns, open, tree });
  const cursor = selection.cursor && rows.elementOf(selection.cursor);
  attr(grid, "aria-activedescendant", cursor ? cursor.id : null);
}

/** Start showing what the store knows. */
export function mountTable() {
  store.subscribe(({ processes, descendants, removed, reset }) => {
    if (removed.size) selection.drop(removed);
    if (reset || processes.size || descendants.size || removed.size) stale = true;
    repaint();
  });
  onRoute(({ params }) => {
    const now = ["q", "state", "sort", "view"].map((name) => params.get(name)).join("\n");
    now === previous ? repaint() : reorder();
    previous = now;
  });
  onSelection(repaint);
  onTheme(() => { rows.redraw(); repaint(); });
  grid.addEventListener("scroll", repaint, { passive: true });
  place.addEventListener("pointerleave", () => { stale = true; repaint(); });
  new ResizeObserver(repaint).observe(grid);
  setInterval(repaint, 1000);
}
