/** The buttons of a row and of the bulk bar: the first possible verbs, the others in a menu. */

import { setText, stamp } from "../dom/dom.js";
import { offers } from "../words/offers.js";

const PRIMARY = 3;
const MORE = { verb: "more", label: "⋯" };

/** Show the possible verbs of a row, if they changed. @param {import("./rows.js").Row} row */
export function showVerbButtons(row, { key, kind, record, gone }) {
  const possible = gone || kind === "group" ? [] : offers(record);
  const now = `${key} ${possible.map(({ verb }) => verb)}`;
  if (row.offered === now) return;
  row.offered = now;
  const shown = possible.length > PRIMARY ? [...possible.slice(0, PRIMARY), MORE] : possible;
  row.cells.verbs.replaceChildren(...shown.map((one) => named(verbButton("verb", one), one, record.name)));
}

/** Name a button after its process, and keep it out of the Tab order: there are many rows. */
function named(button, { verb, label }, name) {
  button.title = verb === "more" ? `More actions on ${name}` : `${label} ${name}`;
  button.setAttribute("aria-label", button.title);
  button.tabIndex = -1;
  return button;
}

/** @param {"verb"|"menuitem"|"action"} template @param {import("../words/offers.js").Offer} offer @returns {HTMLButtonElement} */
export function verbButton(template, { verb, label, key, danger }) {
  const button = stamp(template);
  setText(button.firstElementChild, label);
  setText(button.lastElementChild, key);
  button.dataset.verb = verb;
  if (key) button.dataset.key = key;
  button.classList.toggle("danger", Boolean(danger));
  return button;
}
