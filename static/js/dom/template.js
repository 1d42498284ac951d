/** HTML stays in templates: this finds the `data-text` and `data-part` places of a copy and fills them with text. */

/** A fresh copy of the one element in `<template id="t-NAME">`. @param {string} name @returns {HTMLElement} */
export function stamp(name) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(`t-${name}`));
  return /** @type {HTMLElement} */ (template.content.firstElementChild.cloneNode(true));
}

/** The element marked `data-part="NAME"` in `root`, @param {ParentNode} root @param {string} name */
export function part(root, name) {
  const found = root.querySelector(`[data-part="${name}"]`);
  return /** @type {any} */ (found);
}

/** Put texts at their `data-text` places; an unchanged text is left alone. @param {ParentNode} root @param {Record<string, any>} texts */
export function fill(root, texts) {
  for (const [name, text] of Object.entries(texts)) {
    for (const place of root.querySelectorAll(`[data-text="${name}"]`)) say(place, text);
  }
}

/** Set a text where it differs. @param {Element} place @param {any} text */
export function say(place, text) {
  const wanted = text === null || text === undefined ? "" : String(text);
  if (place.textContent !== wanted) place.textContent = wanted;
}

/** A plain element with a class and a text. @param {string} tag @param {string} className @param {any} text */
export function element(tag, className = "", text = null) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== null) made.textContent = String(text);
  return made;
}
