/** The catalogue as cards by theme, with a search; a card is a radio button, so arrows and Enter work as ever. */

import { get } from "../state/api.js";
import { fill, part, stamp } from "../dom/template.js";

/** @type {Map<string, object>} */
const workloads = new Map();
let fetched = null;

/** @param {string} name */
export const workload = (name) => workloads.get(name);

/** Fetch and lay out the cards, once. @param {HTMLElement} dialog @returns {Promise<string[]>} the names */
export function showCatalogue(dialog) {
  fetched ??= get("/api/v1/workloads").then(({ workloads: all }) => layOut(dialog, all));
  return fetched.catch((error) => {
    fetched = null;
    throw error;
  });
}

function layOut(dialog, all) {
  for (const one of all) workloads.set(one.name, one);
  const themes = Map.groupBy(all, ({ theme }) => theme || "other");
  part(dialog, "themes").replaceChildren(...[...themes].map(([theme, members]) => group(theme, members)));
  part(dialog, "query").addEventListener("input", () => search(dialog));
  return [...workloads.keys()];
}

function group(theme, members) {
  const made = stamp("theme");
  fill(made, { theme });
  part(made, "cards").append(...members.map(card));
  return made;
}

function card({ name, title, description, look_at: lookAt }) {
  const made = stamp("card");
  const input = made.querySelector("input");
  input.value = name;
  made.dataset.words = `${name} ${title} ${description} ${lookAt}`.toLowerCase();
  fill(made, { name, description });
  return made;
}

/** The first card that is left by the search. @param {HTMLElement} dialog */
export const found = (dialog) => dialog.querySelector(".card:not([hidden]) input")?.value;

/** Show the cards that the search is about. @param {HTMLElement} dialog */
export function search(dialog) {
  const words = part(dialog, "query").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const one of dialog.querySelectorAll(".card")) one.hidden = !words.every((word) => one.dataset.words.includes(word));
  for (const theme of dialog.querySelectorAll(".theme")) theme.hidden = !theme.querySelector(".card:not([hidden])");
  part(dialog, "none").hidden = Boolean(dialog.querySelector(".card:not([hidden])"));
}
