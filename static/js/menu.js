/** The menu of all actions on one process. */

import { put, stamp } from "./dom.js";
import { doVerb } from "./gestures.js";
import { showAt } from "./popover.js";
import { store } from "./store.js";
import { offers } from "./verbs.js";

const menu = document.getElementById("menu");

/** @param {string} id @param {HTMLElement} anchor */
export function openMenu(id, anchor) {
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
