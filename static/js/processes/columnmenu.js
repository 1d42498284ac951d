/** The menu of columns: those that fit, or those that the user chose (kept in this browser). */

import { COLUMNS, choose, chosen, shown, template } from "./columns.js";
import { setText, stamp } from "../dom/dom.js";
import { place } from "../widgets/popover.js";
import { store } from "../state/store.js";
import { table } from "./table.js";

const panel = document.getElementById("columns");
const button = document.getElementById("choose");
let last = "";

/** Follow the width of the list and the checkboxes. */
export function mountColumns() {
  panel.querySelector("fieldset").append(...COLUMNS.filter(({ fixed }) => !fixed).map(box));
  panel.addEventListener("change", () => { choose(checked()); show(); });
  panel.querySelector("[data-fit]").addEventListener("click", () => { choose(null); show(); check(); });
  panel.addEventListener("beforetoggle", ({ newState }) => newState === "open" && check()); // before the boxes are visible
  panel.addEventListener("toggle", ({ newState }) => newState === "open" && place(panel, button));
  new ResizeObserver(show).observe(table.grid);
  show();
}

function box({ key, label }) {
  const made = stamp("column");
  made.firstElementChild.value = key;
  setText(made.lastElementChild, label);
  return made;
}

const boxes = () => [...panel.querySelectorAll("input")];
const checked = () => boxes().filter((one) => one.checked).map((one) => one.value);

function check() {
  const keys = columns().map(({ key }) => key);
  for (const one of boxes()) one.checked = keys.includes(one.value);
  panel.querySelector("[data-fit]").disabled = chosen() === null;
}

/** A viewer cannot select, so the column is omitted. */
const columns = () => shown(table.grid.clientWidth - 16).filter(({ key }) => key !== "select" || store.role === "operator");

function show() {
  if (!table.grid.clientWidth) return;
  const now = columns();
  const keys = now.map(({ key }) => key);
  if (last === keys.join()) return;
  last = keys.join();
  table.grid.style.setProperty("--columns", template(now));
  table.grid.style.setProperty("--least", `${now.reduce((sum, { width }) => sum + width, 16)}px`);
  for (const head of table.grid.querySelectorAll("[role=columnheader]")) head.hidden = !keys.includes(head.dataset.column);
  table.show(keys);
}
