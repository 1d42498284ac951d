/** The selected processes and the cursor, by id: they stay with their rows. */

const listeners = new Set();

class Selection {
  /** @type {Set<string>} */ ids = new Set();
  /** @type {string|null} */ cursor = null;
  #anchor = null;

  get size() {
    return this.ids.size;
  }

  has(id) {
    return this.ids.has(id);
  }

  /** @param {string} id */
  toggle(id) {
    this.ids.has(id) ? this.ids.delete(id) : this.ids.add(id);
    this.#anchor = id;
    this.point(id);
  }

  /** Select everything between the last selected row and `id`. @param {string} id @param {string[]} order ids as shown */
  extend(id, order) {
    const from = order.indexOf(this.#anchor ?? this.cursor ?? id);
    const to = order.indexOf(id);
    for (const one of order.slice(Math.max(0, Math.min(from, to)), Math.max(from, to) + 1)) this.ids.add(one);
    this.point(id);
  }

  /** @param {Iterable<string>} ids */
  set(ids) {
    this.ids = new Set(ids);
    this.#notify();
  }

  clear() {
    this.#anchor = null;
    this.set([]);
  }

  /** Move the cursor to a row. @param {string|null} id */
  point(id) {
    this.cursor = id;
    this.#notify();
  }

  /** Deselect removed processes. @param {Set<string>} ids */
  drop(ids) {
    const before = this.ids.size;
    for (const id of ids) this.ids.delete(id);
    if (this.ids.size !== before) this.#notify();
  }

  #notify() {
    for (const fn of listeners) fn();
  }
}

export const selection = new Selection();

/** Call `fn()` after every change. @param {() => void} fn */
export function onSelection(fn) {
  listeners.add(fn);
}
