/**
 * The list, windowed: records become items in their order, and those in sight become rows, once per painted frame.
 *
 *   store, address, folding ──▶ arrange ──▶ hold ──▶ items ──▶ Rows.paint
 *   scroll, resize, selection, each second ───────────────────▶ Rows.paint
 */

import { attr } from "../dom/dom.js";
import { framed } from "../dom/frame.js";
import { heldBy, hold, tellHeld } from "./order.js";
import { onTheme } from "../widgets/palette.js";
import { onRoute, route } from "../state/router.js";
import { Rows } from "./rows.js";
import { onSelection, selection } from "./selection.js";
import { store } from "../state/store.js";
import { arrange } from "./tree.js";

/** Rows come and go at once, but change places at most this often: figures that rush about cannot be read. */
const SETTLE_MS = 1000;
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
let due = false;
let members = 0;
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
};

const repaint = framed(paint);

/** See whether rows should change places now. */
function review() {
  stale ||= due;
  repaint();
}

/** A person asked for another order: it is made anew even while the old one is held. */
function reorder() {
  release = stale = true;
  repaint();
}

const count = () => store.processes.size + store.descendants.size;

function settle() {
  members = count();
  const { params } = route();
  const wanted = arrange(store, params, folded);
  const reason = release ? null : heldBy(place, selection.size);
  const { items: held, fresh } = reason ? hold(items, wanted) : { items: wanted, fresh: 0 };
  const moved = held.some((item, i) => item.key !== wanted[i]?.key);
  items = held.map((item) => (folded.has(item.key) ? { ...item, folded: true } : item));
  tellHeld(hint, moved && reason, fresh);
  due = Boolean(reason);
  release = stale = false;
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
    if (reset || members !== count()) stale = true;
    due ||= processes.size + descendants.size > 0;
    repaint();
  });
  onRoute(({ params }) => {
    const now = ["q", "state", "sort", "view"].map((name) => params.get(name)).join("\n");
    now === previous ? repaint() : reorder();
    previous = now;
  });
  onSelection(review);
  onTheme(() => { rows.redraw(); repaint(); });
  grid.addEventListener("scroll", repaint, { passive: true });
  place.addEventListener("pointerleave", review);
  new ResizeObserver(repaint).observe(grid);
  setInterval(review, SETTLE_MS);
}
