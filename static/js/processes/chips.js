/** The text and the state that filter the list.  The address holds them; this shows and changes it. */

import { attr } from "../dom/dom.js";
import { go, href, onRoute, route } from "../state/router.js";
import { table } from "./table.js";

const field = document.getElementById("filter");
const chips = document.getElementById("chips");
const view = document.getElementById("view");

/** Keep field, chips, links and address in step. */
export function mountFilter() {
  field.addEventListener("input", () => go(here({ q: field.value.trim() || null }), { replace: true }));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") event.preventDefault(), table.grid.focus();
  });
  onRoute(show);
  show();
}

/** The present address with other list parameters. @param {Record<string, string|null>} changes */
const here = (changes) => href(location.pathname, { tab: route().params.get("tab"), ...changes });

function show() {
  const { params, page } = route();
  if (page !== "processes") return;
  if (document.activeElement !== field) field.value = params.get("q") ?? "";
  const state = params.get("state") ?? "";
  for (const chip of chips.children) {
    attr(chip, "href", here({ state: chip.dataset.group }));
    attr(chip, "aria-current", chip.dataset.group === state ? "true" : null);
  }
  const tree = params.get("view") === "tree";
  attr(view, "href", here({ view: tree ? null : "tree" }));
  attr(view, "aria-current", tree ? "true" : null);
  attr(document.getElementById("unfilter"), "href", here({ q: null, state: null }));
  showSort(params.get("sort"));
}

function showSort(sort) {
  const key = sort?.replace(/^-/, "");
  for (const head of table.grid.querySelectorAll("[role=columnheader]"))
    attr(head, "aria-sort", head.dataset.column === key ? (sort.startsWith("-") ? "descending" : "ascending") : null);
}

/** Clear the text filter; false where there was none. */
export function clearFilter() {
  if (!route().params.get("q")) return false;
  field.value = "";
  go(here({ q: null }), { replace: true });
  return true;
}
