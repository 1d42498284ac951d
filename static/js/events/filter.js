/** The filter of the Events page: its fields and the address are kept in sync. */

import { NAMES } from "../words/eventkinds.js";
import { go, route } from "../state/router.js";
import { store } from "../state/store.js";
import { fill, part } from "../dom/dom.js";

const TYPING_MS = 200;

/** Fill the list of kinds and follow the fields. @param {HTMLElement} page */
export function startFilter(page) {
  const apply = () => {
    const typed = { q: part(page, "q").value.trim(), kind: part(page, "kind").value };
    go(address({ ...filterOf(route().params), ...typed }), { replace: true });
  };
  let timer = 0;
  part(page, "kind").append(...NAMES.map((name) => new Option(name, name)));
  part(page, "kind").addEventListener("change", apply);
  part(page, "q").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, TYPING_MS);
  });
}

/** @param {URLSearchParams} params @returns {import("./journal.js").Filter} */
export function filterOf(params) {
  return { q: params.get("q") ?? "", kind: params.get("kind") ?? "", process: params.get("process") ?? "" };
}

/** Show the filter in the fields, without changing text that is being typed. @param {HTMLElement} page @param {import("./journal.js").Filter} filter */
export function showFilter(page, filter) {
  if (part(page, "q").value.trim() !== filter.q) part(page, "q").value = filter.q;
  part(page, "kind").value = filter.kind;
  const chip = part(page, "process");
  chip.hidden = !filter.process;
  chip.href = address({ ...filter, process: "" });
  fill(chip, { process: `of ${store.processes.get(filter.process)?.name ?? filter.process}` });
}

function address(filter) {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value)).toString();
  return query ? `/events?${query}` : "/events";
}
