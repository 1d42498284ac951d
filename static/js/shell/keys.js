/** All keyboard shortcuts, and their help. */

import { open } from "../widgets/dialogs.js";
import { element, fill, part, stamp } from "../dom/dom.js";

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("keys-help"));

/** @typedef {{title: string, keys: {keys: string[], does: string, verb?: string}[]}} Keys */

/** @type {Keys[]} */
export const KEYS = [
  {
    title: "Navigate",
    keys: [
      { keys: ["↑", "↓"], does: "move the cursor" },
      { keys: ["Home", "End"], does: "first or last row" },
      { keys: ["Enter"], does: "open details" },
      { keys: ["Esc"], does: "close details, clear selection or filter" },
      { keys: ["←", "→"], does: "collapse or expand (tree)" },
      { keys: ["G", "P"], does: "go to processes" },
      { keys: ["G", "O"], does: "go to pools" },
      { keys: ["G", "R"], does: "go to programs" },
      { keys: ["G", "E"], does: "go to events" },
    ],
  },
  {
    title: "Find, select, launch",
    keys: [
      { keys: ["/"], does: "filter" },
      { keys: ["V"], does: "switch between list and tree" },
      { keys: ["X"], does: "select or deselect the row" },
      { keys: ["Shift", "↓"], does: "extend the selection" },
      { keys: ["L"], does: "launch a process" },
      { keys: ["N"], does: "open a pool, submit a job or run a program, depending on the page" },
      { keys: ["?"], does: "show this help" },
    ],
  },
  {
    title: "Act on the selection or the current row",
    keys: [
      { keys: ["S"], does: "show the stack", verb: "stack" },
      { keys: ["T"], does: "terminate", verb: "terminate" },
      { keys: ["K"], does: "kill", verb: "kill" },
      { keys: ["J"], does: "join", verb: "join" },
      { keys: ["P"], does: "suspend or resume", verb: "suspend" },
      { keys: ["R"], does: "restart", verb: "restart" },
      { keys: ["C"], does: "close", verb: "close" },
    ],
  },
];

/** Open the dialog that lists them. */
export function showHelp() {
  const place = part(dialog, "keys");
  if (!place.children.length) place.append(...KEYS.map(section));
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
