/** Opens modal dialogs, optionally at an anchor; closing one returns the focus. */

import { onPress } from "../dom/dom.js";

const EDGE = 8;
const NARROW = 600;

/**
 * Open a <dialog>; `anchor` is an element, a pointer event or null (centred).
 * @param {HTMLDialogElement} dialog @param {Element|{clientX: number, clientY: number}|null} anchor
 */
export function open(dialog, anchor = null) {
  if (dialog.open) return;
  const from = document.activeElement;
  dialog.showModal();
  place(dialog, anchor);
  dialog.addEventListener("close", () => returnFocus(from), { once: true });
  followClosers(dialog);
}

/** The cross and a click outside close the dialog, as Esc does. */
function followClosers(dialog) {
  if (dialog.dataset.dismiss) return;
  dialog.dataset.dismiss = "light";
  onPress(dialog, "[data-part=close]", () => dialog.close());
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target !== dialog) return;
    const box = dialog.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) dialog.close("");
  });
}

function place(dialog, anchor) {
  dialog.style.removeProperty("left");
  dialog.style.removeProperty("top");
  dialog.classList.toggle("placed", Boolean(anchor) && innerWidth >= NARROW);
  if (!dialog.classList.contains("placed")) return;
  const at = anchor instanceof Element ? below(anchor) : { x: anchor.clientX, y: anchor.clientY };
  const { width, height } = dialog.getBoundingClientRect();
  dialog.style.left = `${clamp(at.x - (anchor instanceof Element ? 0 : 24), width, innerWidth)}px`;
  dialog.style.top = `${clamp(at.y + EDGE, height, innerHeight)}px`;
}

/** Keep an open dialog in the window after its content grew. @param {HTMLDialogElement} dialog */
export function settle(dialog) {
  if (!dialog.classList.contains("placed")) return;
  const { top, height } = dialog.getBoundingClientRect();
  dialog.style.top = `${clamp(top, height, innerHeight)}px`;
}

function below(element) {
  const box = element.getBoundingClientRect();
  return { x: box.left, y: box.bottom };
}

const clamp = (at, size, available) => Math.max(EDGE, Math.min(at, available - size - EDGE));

/** The browser returns the focus itself, unless the element is gone: then the detail gets it, else the list. */
function returnFocus(from) {
  if (from?.isConnected && from !== document.body) return;
  const detail = document.getElementById("detail");
  const target = detail && !detail.hidden ? detail : document.getElementById("list");
  target?.focus?.({ preventScroll: true });
}
