/** Short messages about the results of actions: at most four; they expire unless the pointer or the focus is on them. */

import { fill, part, stamp } from "../dom/dom.js";

const MOST = 4;
const SHOWN_MS = { ok: 6000, note: 8000, bad: 14000 };
const ICONS = { ok: "✓", note: "i", bad: "✕" };

/**
 * @param {{title: string, text?: string, tone?: "ok"|"note"|"bad", link?: {href: string, text: string}}} message
 * @returns {() => void} removes it
 */
export function toast({ title, text = "", tone = "ok", link = null }) {
  const list = part(document.getElementById("toasts"), "list");
  const item = stamp("toast");
  item.dataset.tone = tone;
  fill(item, { icon: ICONS[tone], title, text });
  if (link) showLink(part(item, "link"), link);
  const remove = () => item.remove();
  part(item, "dismiss").addEventListener("click", remove);
  expire(item, SHOWN_MS[tone], remove);
  list.append(item);
  while (list.children.length > MOST) list.firstElementChild.remove();
  return remove;
}

/** Show an error with the message of the server. @param {string} title @param {any} error */
export const complain = (title, error) => toast({ title, text: error.detail || error.message, tone: "bad" });

/** Run `fn`; an error is shown under `title`.  The button is disabled meanwhile. @param {string} title @param {() => any} fn @param {HTMLButtonElement|null} button */
export async function attempt(title, fn, button = null) {
  if (button) button.disabled = true;
  try {
    await fn();
  } catch (error) {
    complain(title, error);
  } finally {
    if (button) button.disabled = false;
  }
}

function showLink(place, { href, text }) {
  place.hidden = false;
  place.setAttribute("href", href);
  place.textContent = text;
}

/** The time stops while the pointer or the focus is on the message. */
function expire(item, ms, remove) {
  let timer = setTimeout(remove, ms);
  const hold = () => clearTimeout(timer);
  const release = () => { hold(); timer = setTimeout(remove, ms / 2); };
  item.addEventListener("pointerenter", hold);
  item.addEventListener("pointerleave", release);
  item.addEventListener("focusin", hold);
  item.addEventListener("focusout", release);
}
