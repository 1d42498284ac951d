/** The buttons of a row and of the bulk bar: the first few verbs that are possible, the rest in a menu. */

import { put, stamp } from "../dom/dom.js";
import { offers } from "../words/offers.js";

const PRIMARY = 3;
const MORE = { verb: "more", label: "⋯" };

/** Show what can be done with a row's record, where that is something else than before. @param {import("./rows.js").Row} row */
export function offerVerbs(row, { key, kind, record, gone }) {
  const possible = gone || kind === "group" ? [] : offers(record);
  const stand = `${key} ${possible.map(({ verb }) => verb)}`;
  if (row.offered === stand) return;
  row.offered = stand;
  const shown = possible.length > PRIMARY ? [...possible.slice(0, PRIMARY), MORE] : possible;
  row.cells.verbs.replaceChildren(...shown.map((one) => verbButton(one, record.name)));
}

/** @param {import("../words/offers.js").Verb} offer @param {string} name whom it is done to @returns {HTMLButtonElement} */
export function verbButton({ verb, label, key, danger }, name) {
  const button = stamp("t-verb");
  put(button.firstElementChild, label);
  put(button.lastElementChild, key ?? "");
  button.dataset.verb = verb;
  if (key) button.dataset.key = key;
  button.classList.toggle("danger", Boolean(danger));
  button.title = verb === "more" ? `More actions on ${name}` : `${label} ${name}`;
  button.setAttribute("aria-label", button.title);
  return button;
}
