/** Fills copies of the templates.  Text is never parsed as HTML. */

/** Return a copy of the one element in `<template id="t-NAME">`. @param {string} name @returns {HTMLElement} */
export function stamp(name) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(`t-${name}`));
  return /** @type {HTMLElement} */ (template.content.firstElementChild.cloneNode(true));
}

/** Return the element marked `data-part="NAME"` in `root`. @param {ParentNode} root @param {string} name */
export function part(root, name) {
  return /** @type {any} */ (root.querySelector(`[data-part="${name}"]`));
}

/** Return the elements marked `data-cell="NAME"` by name. @param {ParentNode} root @returns {Record<string, HTMLElement>} */
export const cellsOf = (root) => Object.fromEntries([...root.querySelectorAll("[data-cell]")].map((cell) => [cell.dataset.cell, cell]));

/** Set the text of every `data-text="NAME"` element. @param {ParentNode} root @param {Record<string, any>} texts */
export function fill(root, texts) {
  for (const [name, text] of Object.entries(texts)) {
    for (const place of root.querySelectorAll(`[data-text="${name}"]`)) setText(place, text);
  }
}

const written = new WeakMap();

/** Set the text unless it was set last: a DOM write costs far more than the look-up. @param {Element} node @param {any} text */
export function setText(node, text) {
  const wanted = String(text ?? "");
  if (written.get(node) === wanted) return;
  written.set(node, wanted);
  node.textContent = wanted;
}

/** Set the texts of cells by name. @param {Record<string, Element>} cells @param {Record<string, any>} texts */
export function setTexts(cells, texts) {
  for (const [name, text] of Object.entries(texts)) setText(cells[name], text);
}

/** Replace the children unless `state`, which describes them, was set last. @param {Element} node @param {string} state @param {() => (Node|string)[]} children */
export function setChildren(node, state, children) {
  if (written.get(node) === state) return;
  written.set(node, state);
  node.replaceChildren(...children());
}

/** Set or remove a data attribute if it differs. @param {HTMLElement} node @param {string} name @param {any} value */
export function setData(node, name, value) {
  const text = value === false || value === null || value === undefined ? undefined : String(value);
  if (node.dataset[name] === text) return;
  text === undefined ? delete node.dataset[name] : (node.dataset[name] = text);
}

/** Set or remove an attribute if it differs. @param {Element} node @param {string} name @param {string|null} value */
export function setAttr(node, name, value) {
  if (node.getAttribute(name) === value) return;
  value === null ? node.removeAttribute(name) : node.setAttribute(name, value);
}

/** Call `fn(element)` for a click in or on an element that `selector` matches. @param {Node} place @param {string} selector @param {(element: HTMLElement) => void} fn */
export function onPress(place, selector, fn) {
  place.addEventListener("click", ({ target }) => {
    const pressed = target.closest(selector);
    if (pressed) fn(pressed);
  });
}

/** Create an element with a class and a text. @param {string} tag @param {string} className @param {any} text */
export function element(tag, className = "", text = null) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== null) made.textContent = String(text);
  return made;
}

/** Create a link, or a span where there is no address. @param {string} text @param {string|null} href */
export function linkTo(text, href) {
  const made = element(href ? "a" : "span", "", text);
  if (href) made.href = href;
  return made;
}

/** Defer `fn` to the next painted frame: once, however often it is called.  A hidden tab paints no frames. @param {() => void} fn @returns {() => void} */
export function framed(fn) {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      fn();
    });
  };
}
