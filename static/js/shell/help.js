/** The keyboard help, from the list that the keyboard uses. */

import { open } from "../widgets/dialogs.js";
import { element, fill, part, stamp } from "../dom/dom.js";

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("keys-help"));

/** @param {import("./keys.js").Keys[]} groups */
export function showHelp(groups) {
  const place = part(dialog, "keys");
  if (!place.children.length) place.append(...groups.map(section));
  open(dialog);
}

function section({ title, keys }) {
  const made = stamp("keys");
  fill(made, { title });
  part(made, "list").append(...keys.flatMap(({ keys: pressed, does }) => {
    const term = element("dt");
    term.append(...pressed.map((key) => element("kbd", "", key)));
    return [term, element("dd", "", does)];
  }));
  return made;
}
