/** The programs of the catalogue by theme, each started with one click, while no program is observed. */

import { element, onPress, part, setText, stamp } from "../dom/dom.js";
import { programs } from "../state/catalogue.js";
import { runFrom } from "./run.js";

const RETRY_MS = 5000;
let requested = false;

/** Follow clicks. @param {HTMLElement} place */
export function startDemos(place) {
  onPress(place, "button[data-workload]", (button) => runFrom({ workload: button.dataset.workload, params: {} }, button));
}

/** Fill the place, once; after an error a later call tries again. @param {HTMLElement} place */
export async function showDemos(place) {
  if (requested) return;
  requested = true;
  try {
    const all = await programs.themes();
    place.replaceChildren(...[...all].map(([theme, members]) => group(theme, members)));
  } catch (error) {
    place.replaceChildren(element("p", "wrong", `Could not read the catalogue: ${error.detail ?? error.message}`));
    setTimeout(() => { requested = false; }, RETRY_MS);
  }
}

function group(theme, members) {
  const made = stamp("demo-theme");
  setText(part(made, "theme"), theme);
  part(made, "members").append(...members.map(({ name, title, description, look_at: lookAt }) => {
    const button = element("button", "demo", title || name);
    Object.assign(button, { type: "button", title: [description, lookAt && `Look at: ${lookAt}`].filter(Boolean).join("\n") });
    button.dataset.workload = name;
    return button;
  }));
  return made;
}
