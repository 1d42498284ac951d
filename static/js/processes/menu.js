/** Does a verb to one process, and has the menu of all of them. */

import { act } from "../acting/processes.js";
import { put, stamp } from "../dom/dom.js";
import { detailHref, go } from "../state/router.js";
import { showAt } from "../widgets/popover.js";
import { store } from "../state/store.js";
import { offers } from "../words/offers.js";

const menu = document.getElementById("menu");

/** Do a verb to one record, from a control. @param {string} verb @param {string} id @param {HTMLElement} anchor */
export function doVerb(verb, id, anchor) {
  if (verb === "more") return openMenu(id, anchor);
  if (verb === "stack") return go(detailHref(id, "stack"));
  return act(verb, [id], anchor);
}

/** @param {string} id @param {HTMLElement} anchor */
function openMenu(id, anchor) {
  const record = store.get(id);
  if (!record) return;
  menu.replaceChildren(...offers(record).map((offer) => itemFor(offer, id, anchor)));
  showAt(menu, anchor);
  menu.firstElementChild?.focus();
}

function itemFor({ verb, label, key, danger }, id, anchor) {
  const item = stamp("t-menuitem");
  put(item.firstElementChild, label);
  put(item.lastElementChild, key ?? "");
  item.dataset.verb = verb;
  item.classList.toggle("danger", Boolean(danger));
  item.addEventListener("click", () => {
    menu.hidePopover();
    doVerb(verb, id, anchor);
  });
  return item;
}

menu.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const all = [...menu.children];
  all.at((all.indexOf(document.activeElement) + step) % all.length)?.focus();
});
