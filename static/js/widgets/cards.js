/** The cards of a catalogue by theme, with a search.  A card is a radio button: arrows and Enter work as usual. */

import { fill, part, stamp } from "../dom/dom.js";

export class Cards {
  #members = new Map();
  /** @type {string|null} */ chosen = null;

  /**
   * @param {HTMLElement} dialog @param {(workload: object) => void} choose is called with the chosen workload
   * @param {(workload: object) => {name: string, description: string}} texts of a card
   */
  constructor(dialog, choose, texts) {
    Object.assign(this, { dialog, place: part(dialog, "themes"), query: part(dialog, "query"), choose, texts });
    this.place.addEventListener("change", (event) => this.pick(event.target.value));
    this.place.addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => {
      if (key.length === 1 && key !== " " && !ctrlKey && !metaKey && !altKey) this.query.focus(); // typing on a card searches
    });
    this.query.addEventListener("input", () => this.#search());
    this.query.addEventListener("keydown", (event) => this.#pickFirst(event));
  }

  /** Create the cards, once. @param {Map<string, object[]>} themes */
  show(themes) {
    if (!this.#members.size) this.place.replaceChildren(...[...themes].map(([theme, members]) => this.#group(theme, members)));
    this.#search();
  }

  /** Clear the search; with nothing chosen the search has the focus. */
  reset() {
    this.query.value = "";
    if (!this.chosen) this.query.focus();
  }

  /** @param {string|undefined} name @returns {object|undefined} */
  member(name) {
    return this.#members.get(name);
  }

  /** Choose a card; an unknown name changes nothing. @param {string|undefined} name */
  pick(name) {
    if (!this.member(name)) return;
    const input = this.place.querySelector(`input[value="${CSS.escape(name)}"]`);
    input.checked = true;
    input.focus();
    this.chosen = name;
    this.choose(this.member(name));
  }

  /** Enter in the search picks the first match; the next Enter, on its card, submits the form. */
  #pickFirst(event) {
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

  #group(theme, members) {
    const made = stamp("theme");
    fill(made, { theme });
    part(made, "cards").append(...members.map((member) => this.#card(member)));
    return made;
  }

  #card(member) {
    const { name, title, description, look_at: lookAt, theme, finds = [] } = member;
    this.#members.set(name, member);
    const made = stamp("card");
    made.querySelector("input").value = name;
    made.dataset.words = [name, title, description, lookAt, theme, ...finds].join(" ").toLowerCase();
    fill(made, this.texts(member));
    return made;
  }
}
