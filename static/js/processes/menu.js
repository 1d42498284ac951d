/** The menu of all possible verbs of a row. */

import { act } from "../acting/processes.js";
import { detailHref, go } from "../state/router.js";
import { showAt } from "../widgets/popover.js";
import { store } from "../state/store.js";
import { verbButton } from "./buttons.js";
import { offers } from "../words/offers.js";

const menu = document.getElementById("menu");

/** Apply a verb to one record, from a control. @param {string} verb @param {string} id @param {HTMLElement} anchor */
export function runVerb(verb, id, anchor) {
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

function itemFor(offer, id, anchor) {
  const item = verbButton("menuitem", offer);
  item.addEventListener("click", () => {
    menu.hidePopover();
    runVerb(offer.verb, id, anchor);
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
