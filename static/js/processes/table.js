/**
 * The list: records become sorted items, and the items in view become rows, once per painted frame.
 *
 *   store, address, folding ──▶ arrange ──▶ hold ──▶ items ──▶ Rows.paint
 *   scroll, resize, selection, each second ───────────────────▶ Rows.paint
 */

import { framed, setAttr } from "../dom/dom.js";
import { reasonForHold, hold, showHold } from "./order.js";
import { onTheme } from "../widgets/palette.js";
import { onRoute, route } from "../state/router.js";
import { Rows } from "./rows.js";
import { onSelection, selection } from "./selection.js";
import { store } from "../state/store.js";
import { arrange } from "./tree.js";

/** Rows appear and disappear at once, but are sorted at most this often so that they can be read. */
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

/** The table for the other scripts. */
export const table = {
  grid, place, rows,
  get items() { return items; },
  /** The ids of the processes in the displayed order. */
  get order() { return items.filter((item) => item.kind === "process" && !item.gone).map((item) => item.key); },
  get step() { return step; },
  /** Call `fn()` after the rows were sorted. @param {() => void} fn */
  onSettled(fn) { settled.add(fn); },
  /** Show these columns. @param {string[]} keys */
  show(keys) { columns = keys; repaint(); },
  /** Collapse or expand a process. @param {string} key */
  fold(key) {
    folded.has(key) ? folded.delete(key) : folded.add(key);
    reorder();
  },
};

const repaint = framed(paint);

/** Sort again if something changed. */
function review() {
  stale ||= due;
  repaint();
}

/** Sort at once, even while sorting is paused: the user asked for it. */
function reorder() {
  release = stale = true;
  repaint();
}

const count = () => store.processes.size + store.descendants.size;

function settle() {
  members = count();
  const { params } = route();
  const wanted = arrange(store, params, folded);
  const reason = release ? null : reasonForHold(place, selection.size);
  const { items: held, fresh } = reason ? hold(items, wanted) : { items: wanted, fresh: 0 };
  const moved = held.some((item, i) => item.key !== wanted[i]?.key);
  items = held.map((item) => (folded.has(item.key) ? { ...item, folded: true } : item));
  showHold(hint, moved && reason, fresh);
  due = Boolean(reason);
  release = stale = false;
  for (const fn of settled) fn();
}

function paint() {
  if (route().page !== "processes") return;
  if (stale) settle();
  step = parseFloat(getComputedStyle(place).getPropertyValue("--row")) || 34;
  setAttr(grid, "aria-rowcount", String(items.length + 1));
  const { id: open, params } = route();
  const tree = params.get("view") === "tree";
  setAttr(grid, "role", tree ? "treegrid" : "grid");
  rows.paint(items, { top: grid.scrollTop, height: grid.clientHeight, step, columns, open, tree });
  const cursor = selection.cursor && rows.elementOf(selection.cursor);
  setAttr(grid, "aria-activedescendant", cursor ? cursor.id : null);
}

/** Follow the store, the address and the selection. */
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
