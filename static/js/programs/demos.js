/** One click for who has no program yet: the catalogue by theme. */

import { put } from "../dom/dom.js";
import { runFrom, themes } from "./catalogue.js";
import { element, part, stamp } from "../dom/template.js";

let state = "";

/** Follow clicks. @param {HTMLElement} place */
export function startDemos(place) {
  place.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-workload]");
    if (button) runFrom({ workload: button.dataset.workload, params: {} }, button);
  });
}

/** Fill it, once; where the catalogue cannot be read the next look tries again. @param {HTMLElement} place */
export async function showDemos(place) {
  if (state) return;
  state = "asked";
  try {
    const all = await themes();
    place.replaceChildren(...[...all].map(([theme, members]) => group(theme, members)));
    state = "shown";
  } catch (error) {
    place.replaceChildren(element("p", "wrong", `The catalogue cannot be read: ${error.detail ?? error.message}`));
    setTimeout(() => { state = ""; }, 5000);
  }
}

function group(theme, members) {
  const made = stamp("demo-theme");
  put(part(made, "theme"), theme);
  part(made, "members").append(...members.map(({ name, title, description, look_at: lookAt }) => {
    const button = element("button", "demo", title || name);
    Object.assign(button, { type: "button", title: [description, lookAt && `Look at: ${lookAt}`].filter(Boolean).join("\n") });
    button.dataset.workload = name;
    return button;
  }));
  return made;
}
