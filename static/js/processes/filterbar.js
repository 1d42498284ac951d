/** The filter by text and state.  The address has its values; this shows and changes them. */

import { setAttr } from "../dom/dom.js";
import { go, href, onRoute, route } from "../state/router.js";
import { table } from "./table.js";

const field = document.getElementById("filter");
const chips = document.getElementById("chips");
const view = document.getElementById("view");

/** Keep field, chips, links and address in sync. */
export function mountFilter() {
  field.addEventListener("input", () => go(currentHref({ q: field.value.trim() || null }), { replace: true }));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") event.preventDefault(), table.grid.focus();
  });
  onRoute(show);
}

/** Return the current address with other parameters of the list. @param {Record<string, string|null>} changes */
const currentHref = (changes) => href(location.pathname, { tab: route().params.get("tab"), ...changes });

function show({ params, page }) {
  if (page !== "processes") return;
  if (document.activeElement !== field) field.value = params.get("q") ?? "";
  const state = params.get("state") ?? "";
  for (const chip of chips.children) {
    setAttr(chip, "href", currentHref({ state: chip.dataset.group }));
    setAttr(chip, "aria-current", chip.dataset.group === state ? "true" : null);
  }
  const tree = params.get("view") === "tree";
  setAttr(view, "href", currentHref({ view: tree ? null : "tree" }));
  setAttr(view, "aria-current", tree ? "true" : null);
  setAttr(document.getElementById("unfilter"), "href", currentHref({ q: null, state: null }));
  showSort(params.get("sort"));
}

function showSort(sort) {
  const key = sort?.replace(/^-/, "");
  for (const head of table.grid.querySelectorAll("[role=columnheader]"))
    setAttr(head, "aria-sort", head.dataset.column === key ? (sort.startsWith("-") ? "descending" : "ascending") : null);
}

/** Clear the text filter; return false if there was none. */
export function clearFilter() {
  if (!route().params.get("q")) return false;
  field.value = "";
  go(currentHref({ q: null }), { replace: true });
  return true;
}
