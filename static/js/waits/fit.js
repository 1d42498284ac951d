/** Texts in SVG that keep to their width: nothing there wraps or is cut by itself. */

/** @param {SVGTextElement} place @param {string} text @param {number} most characters @param {number} width of the room, in units of the drawing */
export function fit(place, text, most, width) {
  if (place.dataset.whole === text) return;
  place.dataset.whole = text;
  place.textContent = cut(text, most);
  for (let left = Math.min(text.length, most); left > 2 && place.getComputedTextLength() > width; left -= 1) place.textContent = cut(text, left - 1);
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
