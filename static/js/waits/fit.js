/** Cuts texts in SVG to a width: SVG neither wraps nor cuts them. */

/** @param {SVGTextElement} place @param {string} text @param {number} most characters @param {number} width in units of the drawing */
export function fit(place, text, most, width) {
  if (place.dataset.whole === text) return;
  place.dataset.whole = text;
  place.textContent = cut(text, most);
  for (let left = Math.min(text.length, most); left > 2 && place.getComputedTextLength() > width; left -= 1) place.textContent = cut(text, left - 1);
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
