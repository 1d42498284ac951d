/** Short messages about what was done, read out politely; at most four, gone by themselves unless looked at. */

import { fill, part, stamp } from "../dom/template.js";

const MOST = 4;
const SHOWN_MS = { ok: 6000, note: 8000, bad: 14000 };
const ICONS = { ok: "✓", note: "i", bad: "✕" };

/**
 * @param {{title: string, text?: string, tone?: "ok"|"note"|"bad", link?: {href: string, text: string}}} message
 * @returns {() => void} takes it away
 */
export function toast({ title, text = "", tone = "ok", link = null }) {
  const list = part(document.getElementById("toasts"), "list");
  const item = stamp("toast");
  item.dataset.tone = tone;
  fill(item, { icon: ICONS[tone], title, text });
  if (link) showLink(part(item, "link"), link);
  const gone = () => item.remove();
  part(item, "dismiss").addEventListener("click", gone);
  expire(item, SHOWN_MS[tone], gone);
  list.append(item);
  while (list.children.length > MOST) list.firstElementChild.remove();
  return gone;
}

/** What went wrong, in the server's own words. @param {string} title @param {any} error */
export const complain = (title, error) => toast({ title, text: error.detail || error.message, tone: "bad" });

function showLink(place, { href, text }) {
  place.hidden = false;
  place.setAttribute("href", href);
  place.textContent = text;
}

/** The time stands still while the pointer or the focus is on it. */
function expire(item, ms, gone) {
  let timer = setTimeout(gone, ms);
  const hold = () => clearTimeout(timer);
  const release = () => { hold(); timer = setTimeout(gone, ms / 2); };
  item.addEventListener("pointerenter", hold);
  item.addEventListener("pointerleave", release);
  item.addEventListener("focusin", hold);
  item.addEventListener("focusout", release);
}
