/** Pointer input on the list: open, select, collapse, sort, act. */

import { runVerb } from "./menu.js";
import { detailHref, go, href, route } from "../state/router.js";
import { selection } from "./selection.js";
import { table } from "./table.js";

/** Listen on the grid. */
export function mountGestures() {
  table.place.addEventListener("click", onRow);
  table.place.addEventListener("mousedown", (event) => { if (event.shiftKey) event.preventDefault(); });
  table.grid.querySelector(".heads").addEventListener("click", onHead);
}

function onRow(event) {
  const item = table.rows.itemOf(event.target);
  if (!item || item.kind === "group" || item.gone) return;
  const button = event.target.closest("button");
  if (button?.dataset.verb) return void runVerb(button.dataset.verb, item.key, button);
  if (button?.classList.contains("fold")) return table.fold(item.key);
  if (item.kind === "process" && selects(event)) return select(event, item.key);
  if (event.target.closest("a") && (event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  selection.point(item.key);
  open(item);
}

const selects = (event) => event.target.closest("[data-column=select]") || event.shiftKey || event.ctrlKey || event.metaKey;

function select(event, id) {
  if (document.documentElement.dataset.role === "viewer") return;
  if (!(event.target instanceof HTMLInputElement)) event.preventDefault();
  event.shiftKey ? selection.extend(id, table.order) : selection.toggle(id);
}

/** Open the detail of a process, or of the process above a descendant. @param {import("./tree.js").Item} item */
export function open({ kind, key, record }) {
  if (kind === "process") go(detailHref(key));
  else if (record.root) go(detailHref(record.root, "descendants"));
}

function onHead(event) {
  const box = event.target.closest("#select-all");
  if (box) return box.checked ? selection.set(table.order) : selection.clear();
  const key = event.target.closest("[data-sort]")?.dataset.sort;
  if (!key) return;
  const now = route().params.get("sort");
  const next = now === `-${key}` ? key : now === key ? null : `-${key}`;
  go(href(location.pathname, { sort: next, tab: route().params.get("tab") }), { replace: true });
}
