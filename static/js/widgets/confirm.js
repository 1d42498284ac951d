/** The confirmation before a destructive action: at the pointer, with pid and start time; Enter confirms, Esc cancels. */

import { open, settle } from "./dialogs.js";
import { element, fill, part } from "../dom/dom.js";

const MOST_LISTED = 8;

/**
 * Ask for confirmation.  `more` resolves with the consequences while the dialog is open.  `follow` keeps the dialog
 * current: it gets a function that shows another text, a note, and whether confirming is still possible, and returns one
 * that ends the updates.
 * @param {{title: string, who: string, text: string, label: string, list?: string[],
 *   more?: Promise<{text: string|null, affected: string, list: string[]}>|null, anchor?: any,
 *   follow?: ((show: (now: {text: string, note?: string, possible?: boolean}) => void) => () => void)|null}} question
 * @returns {Promise<boolean>}
 */
export function confirm({ title, who, text, label, list = [], more = null, anchor = null, follow = null }) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("confirm"));
  if (dialog.open) return Promise.resolve(false);
  fill(dialog, { title, who, text, label, consequences: more ? "Checking affected processes…" : "" });
  showList(dialog, list);
  part(dialog, "yes").disabled = false;
  dialog.returnValue = "";
  open(dialog, anchor);
  part(dialog, "yes").focus();
  const stop = follow?.((now) => showNow(dialog, now));
  const question = (dialog.dataset.question = crypto.randomUUID?.() ?? String(Math.random()));
  more?.then((found) => {
    if (dialog.dataset.question !== question) return;
    fill(dialog, { consequences: found.affected, ...(found.text && { text: found.text }) });
    showList(dialog, found.list);
    settle(dialog);
  });
  return new Promise((answer) => {
    dialog.addEventListener("close", () => {
      dialog.dataset.question = "";
      stop?.();
      answer(dialog.returnValue === "yes");
    }, { once: true });
  });
}

function showNow(dialog, { text, note = "", possible = true }) {
  fill(dialog, { text, consequences: note });
  const yes = part(dialog, "yes");
  if (!possible && document.activeElement === yes) part(dialog, "cancel").focus();
  yes.disabled = !possible;
  settle(dialog);
}

function showList(dialog, lines) {
  const list = part(dialog, "list");
  list.hidden = !lines.length;
  const shown = lines.slice(0, MOST_LISTED).map((line) => element("li", "num", line));
  if (lines.length > MOST_LISTED) shown.push(element("li", "dim", `and ${lines.length - MOST_LISTED} more`));
  list.replaceChildren(...shown);
}
