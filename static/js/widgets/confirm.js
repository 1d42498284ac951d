/** The small question before something is destroyed: at the pointer, with pid and start time; Enter does it, Esc does not. */

import { open, settle } from "./dialogs.js";
import { element, fill, part } from "../dom/template.js";

const NAMED = 8;

/**
 * Ask; `more` brings the consequences later, the question does not wait for them.  `follow` keeps it true while it is
 * open: it is given what shows another text, news, and whether yes is still possible, and returns what ends that.
 * @param {{title: string, who: string, text: string, label: string, list?: string[],
 *   more?: Promise<{text: string|null, along: string, list: string[]}>|null, anchor?: any,
 *   follow?: ((show: (now: {text: string, news?: string, possible?: boolean}) => void) => () => void)|null}} question
 * @returns {Promise<boolean>}
 */
export function confirm({ title, who, text, label, list = [], more = null, anchor = null, follow = null }) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("confirm"));
  if (dialog.open) return Promise.resolve(false);
  fill(dialog, { title, who, text, label, consequences: more ? "Looking what goes along …" : "" });
  showList(dialog, list);
  part(dialog, "yes").disabled = false;
  dialog.returnValue = "";
  open(dialog, anchor);
  part(dialog, "yes").focus();
  const stop = follow?.((now) => showNow(dialog, now));
  const asked = (dialog.dataset.question = crypto.randomUUID?.() ?? String(Math.random()));
  more?.then((found) => {
    if (dialog.dataset.question !== asked) return;
    fill(dialog, { consequences: found.along, ...(found.text && { text: found.text }) });
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

function showNow(dialog, { text, news = "", possible = true }) {
  fill(dialog, { text, consequences: news });
  const yes = part(dialog, "yes");
  if (!possible && document.activeElement === yes) part(dialog, "cancel").focus();
  yes.disabled = !possible;
  settle(dialog);
}

function showList(dialog, lines) {
  const list = part(dialog, "list");
  list.hidden = !lines.length;
  const shown = lines.slice(0, NAMED).map((line) => element("li", "num", line));
  if (lines.length > NAMED) shown.push(element("li", "dim", `and ${lines.length - NAMED} more`));
  list.replaceChildren(...shown);
}
