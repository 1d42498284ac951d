/** Places popovers at their anchor.  The browser closes them on Esc and on a click elsewhere. */

/** Show a popover below (or above) its anchor, inside the window. @param {HTMLElement} panel @param {Element} anchor */
export function showAt(panel, anchor) {
  if (!panel.matches(":popover-open")) panel.showPopover();
  place(panel, anchor);
}

/** @param {HTMLElement} panel that is shown @param {Element} anchor */
export function place(panel, anchor) {
  const [box, own] = [anchor.getBoundingClientRect(), panel.getBoundingClientRect()];
  const left = Math.max(8, Math.min(box.right - own.width, innerWidth - own.width - 8));
  const below = box.bottom + 4 + own.height < innerHeight;
  panel.style.left = `${left}px`;
  panel.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - own.height - 4)}px`;
}
