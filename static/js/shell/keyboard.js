/** Keyboard shortcuts: one listener.  Fields, dialogs and menus keep the keys that they use. */

import { act } from "../acting/processes.js";
import { clearFilter } from "../processes/filterbar.js";
import { closeDetail } from "../detail/detail.js";
import { open } from "../processes/pointer.js";
import { runVerb } from "../processes/menu.js";
import { KEYS, showHelp } from "./keys.js";
import { poolPanel } from "../pools/sidepanel.js";
import { createHere } from "./create.js";
import { programPanel } from "../programs/sidepanel.js";
import { detailHref, go, href, route } from "../state/router.js";
import { selection } from "../processes/selection.js";
import { store } from "../state/store.js";
import { table } from "../processes/table.js";

const VERB_OF = Object.fromEntries(KEYS.flatMap(({ keys }) => keys.filter((one) => one.verb).map((one) => [one.keys[0].toLowerCase(), one.verb])));
const PAGES = { e: "/events", o: "/pools", p: "/", r: "/programs" };
let afterG = false;

/** @param {() => void} launch for the key L */
export function mountKeyboard(launch) {
  const keys = {
    "?": showHelp, l: launch, "/": () => document.getElementById("filter").select(), Escape: back, Enter: openCursor, x: toggle,
    v: () => document.getElementById("view").click(), n: createHere, g: () => { afterG = true; },
    ArrowUp: (event) => move(-1, event), ArrowDown: (event) => move(1, event),
    Home: (event) => move(-Infinity, event), End: (event) => move(Infinity, event),
    ArrowLeft: () => fold(true), ArrowRight: () => fold(false),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isUsed(event)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const page = afterG && PAGES[key];
    afterG = false;
    const run = page ? () => go(href(page)) : keys[key] ?? (VERB_OF[key] && (() => apply(VERB_OF[key])));
    if (run && run(event) !== false) event.preventDefault();
  });
}

/** Return whether the focused element uses the key. */
function isUsed({ key, target }) {
  if (document.querySelector("dialog[open], [popover]:popover-open")) return true;
  if (target.closest("select, textarea, input:not([type=checkbox]), [contenteditable=true]")) return key !== "Escape";
  const control = target.closest("button, a, [role=tab], summary, input");
  if (control && (key === "Enter" || key === " ")) return true;
  return key.startsWith("Arrow") || key === "Home" || key === "End" || key === "Enter" ? !inList(target) : false;
}

const inList = (target) => target === document.body || Boolean(target.closest("#list")) || target.id === "main";

function back(event) {
  if (event.target.id === "filter") return clearFilter() || (table.grid.focus(), true);
  if (route().page === "pools") return poolPanel.close();
  if (route().page === "programs") return programPanel.close();
  if (selection.size) return selection.clear();
  return closeDetail() || clearFilter() || false;
}

const at = () => table.items.findIndex((item) => item.key === (selection.cursor ?? route().id));

function move(step, event) {
  const { items } = table;
  if (route().page !== "processes" || !items.length) return false;
  const here = at();
  let next = step === -Infinity ? 0 : step === Infinity ? items.length - 1 : Math.max(0, Math.min(items.length - 1, here + step));
  if (items[next].kind === "group") next = Math.max(0, Math.min(items.length - 1, next + Math.sign(step)));
  const { key, kind } = items[next];
  if (event.shiftKey && kind === "process" && store.role === "operator") {
    if (!selection.size && here >= 0) selection.toggle(items[here].key);
    selection.extend(key, table.order);
  } else selection.point(key);
  reveal(key);
  if (!table.grid.contains(document.activeElement)) table.grid.focus({ preventScroll: true });
  if (route().id && kind === "process") go(detailHref(key, route().params.get("tab")), { replace: true });
}

/** Scroll a row into view, as little as possible. */
function reveal(key) {
  const { grid, place, step, items } = table;
  const index = items.findIndex((item) => item.key === key);
  if (index < 0) return;
  const [top, height] = [index * step, grid.clientHeight - place.offsetTop];
  if (top < grid.scrollTop) grid.scrollTop = top;
  else if (top + step > grid.scrollTop + height) grid.scrollTop = top + step - height;
}

function openCursor() {
  const item = table.items[at()];
  return item && item.kind !== "group" ? open(item) : false;
}

function toggle() {
  const item = table.items[at()];
  if (item?.kind !== "process" || store.role !== "operator") return false;
  selection.toggle(item.key);
}

function fold(wanted) {
  const item = table.items[at()];
  if (!item?.below || Boolean(item.folded) === wanted) return false;
  table.fold(item.key);
}

/** Apply a verb to the selected processes, else to the row at the cursor, else to the open process. */
function apply(name) {
  if (route().page !== "processes") return false;
  const ids = selection.size ? [...selection.ids] : [selection.cursor ?? route().id].filter(Boolean);
  const records = ids.map((id) => store.get(id)).filter(Boolean);
  if (!records.length) return false;
  const verb = name === "suspend" && records.every((record) => record.state === "suspended") ? "resume" : name;
  const anchor = table.rows.elementOf(records[0].id) ?? table.grid;
  records.length > 1 ? act(verb, ids, anchor) : runVerb(verb, records[0].id, anchor);
}
