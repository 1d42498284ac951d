/** The rows of a table: clicks, state, actions. */

import { setData, setText } from "./dom.js";

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
