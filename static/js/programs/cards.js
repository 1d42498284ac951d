/** The cards of the catalogue of programs, with a search; a card is a radio button, so arrows and Enter work as ever. */

import { programWorkload } from "./catalogue.js";
import { fill, part, stamp } from "../dom/template.js";

export class ProgramCards {
  #shown = false;
  /** @type {string|null} */ chosen = null;

  /** @param {HTMLElement} dialog @param {(workload: object) => void} choose is told what was chosen */
  constructor(dialog, choose) {
    Object.assign(this, { dialog, place: part(dialog, "themes"), query: part(dialog, "query"), choose });
    this.place.addEventListener("change", (event) => this.pick(event.target.value));
    this.place.addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => {
      if (key.length === 1 && key !== " " && !ctrlKey && !metaKey && !altKey) this.query.focus(); // what is typed is searched
    });
    this.query.addEventListener("input", () => this.#search());
    this.query.addEventListener("keydown", (event) => this.#chooseFound(event));
  }

  /** Lay them out, once. @param {Map<string, object[]>} themes */
  show(themes) {
    if (!this.#shown) this.place.replaceChildren(...[...themes].map(([theme, members]) => group(theme, members)));
    this.#shown = true;
    this.#search();
  }

  /** Begin anew; what is typed while the catalogue comes is searched then. */
  begin() {
    this.query.value = "";
    if (!this.chosen) this.query.focus();
  }

  /** @param {string} name */
  pick(name) {
    const workload = programWorkload(name);
    if (!workload) return;
    const input = this.place.querySelector(`input[value="${CSS.escape(name)}"]`);
    input.checked = true;
    input.focus();
    this.chosen = name;
    this.choose(workload);
  }

  /** Enter in the search chooses the first that it found; the next Enter, on the card, runs it. */
  #chooseFound(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    this.pick(this.place.querySelector(".card:not([hidden]) input")?.value);
  }

  #search() {
    const words = this.query.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const card of this.place.querySelectorAll(".card")) card.hidden = !words.every((word) => card.dataset.words.includes(word));
    for (const theme of this.place.querySelectorAll(".theme")) theme.hidden = !theme.querySelector(".card:not([hidden])");
    part(this.dialog, "none").hidden = Boolean(this.place.querySelector(".card:not([hidden])"));
  }
}

function group(theme, members) {
  const made = stamp("theme");
  fill(made, { theme });
  part(made, "cards").append(...members.map(card));
  return made;
}

function card({ name, title, description, look_at: lookAt, theme, finds = [] }) {
  const made = stamp("card");
  made.querySelector("input").value = name;
  made.querySelector("input").name = "program";
  made.dataset.words = [name, title, description, lookAt, theme, ...finds].join(" ").toLowerCase();
  fill(made, { name: title || name, description: name });
  return made;
}
