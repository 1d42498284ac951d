/** The rows of a table: kept by key, with their clicks, state and actions. */

import { cellsOf, setData, setText, stamp } from "./dom.js";

/** Rows by key: each is created once from its template, moved with its record, and removed with it. */
export class Keyed {
  #rows = new Map();

  /**
   * @param {HTMLElement} body @param {string} template name
   * @param {{key: (record: any) => any, update: (row: HTMLElement, cells: Record<string, HTMLElement>, record: any) => void,
   *   made?: (row: HTMLElement) => void}} options `made` completes a new row
   */
  constructor(body, template, { key, update, made = () => {} }) {
    Object.assign(this, { body, template, key, update, made });
  }

  /** @param {any[]} records in their order */
  show(records) {
    const wanted = new Set(records.map(this.key));
    for (const [key, { row }] of this.#rows) if (!wanted.has(key)) { row.remove(); this.#rows.delete(key); }
    records.forEach((record, at) => {
      const { row, cells } = this.#rows.get(this.key(record)) ?? this.#make(record);
      if (this.body.children[at] !== row) this.body.insertBefore(row, this.body.children[at] ?? null);
      this.update(row, cells, record);
    });
  }

  /** Return the row of a record. @param {any} key @returns {HTMLElement|undefined} */
  row(key) {
    return this.#rows.get(key)?.row;
  }

  #make(record) {
    const row = stamp(this.template);
    const entry = { row, cells: cellsOf(row) };
    this.#rows.set(this.key(record), entry);
    this.made(row);
    return entry;
  }
}

/** Let a click on a row follow its first link, unless text is selected. @param {HTMLElement} body @param {(button: HTMLElement, row: HTMLElement) => void} pressed a button in a row */
export function mountRowClicks(body, pressed = () => {}) {
  body.addEventListener("click", ({ target }) => {
    const row = target.closest("tr");
    const button = target.closest("button");
    if (button) return void pressed(button, row);
    if (!target.closest("a") && getSelection().isCollapsed) row?.querySelector("a")?.click();
  });
}

/** Show a state with its icon and tone. @param {Record<string, HTMLElement>} cells @param {{icon: string, word: string, tone: string}} state */
export function showState({ state, icon, word }, { icon: symbol, word: text, tone }) {
  setData(state, "tone", tone);
  setText(icon, symbol);
  setText(word, text);
}

/** Show the buttons of the possible verbs, if they changed. @param {HTMLElement} place @param {string[]} verbs @param {string} name of the record, for their labels */
export function showVerbs(place, verbs, name) {
  const state = `${name} ${verbs}`;
  if (place.dataset.shown === state) return;
  place.dataset.shown = state;
  for (const button of place.children) {
    button.hidden = !verbs.includes(button.dataset.verb);
    button.setAttribute("aria-label", `${button.textContent} ${name}`);
  }
}
