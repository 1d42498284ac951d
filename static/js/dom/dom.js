/** Small words for filling templates; text is only ever text. */

/** @param {string} id of a <template> @returns {HTMLElement} a copy of its only element */
export function stamp(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

const written = new WeakMap();

/** Set the text where it differs from what was put there last: a DOM write costs far more than the look-up. */
export function put(node, text) {
  if (written.get(node) === text) return;
  written.set(node, text);
  node.textContent = text;
}

/** Set or remove a data attribute where it differs. @param {HTMLElement} node @param {string} name @param {any} value */
export function mark(node, name, value) {
  const text = value === false || value === null || value === undefined ? undefined : String(value);
  if (node.dataset[name] === text) return;
  text === undefined ? delete node.dataset[name] : (node.dataset[name] = text);
}

/** Set or remove an attribute where it differs. @param {Element} node @param {string} name @param {string|null} value */
export function attr(node, name, value) {
  if (node.getAttribute(name) === value) return;
  value === null ? node.removeAttribute(name) : node.setAttribute(name, value);
}
