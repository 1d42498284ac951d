/** Which processes are selected, and where the cursor is.  Both are ids: a row that moves takes them along. */

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

  /** Select all from the last one that was touched up to `id`. @param {string} id @param {string[]} order ids as shown */
  extend(id, order) {
    const from = order.indexOf(this.#anchor ?? this.cursor ?? id);
    const to = order.indexOf(id);
    for (const one of order.slice(Math.max(0, Math.min(from, to)), Math.max(from, to) + 1)) this.ids.add(one);
    this.point(id);
  }

  /** @param {Iterable<string>} ids */
  set(ids) {
    this.ids = new Set(ids);
    this.#tell();
  }

  clear() {
    this.#anchor = null;
    this.set([]);
  }

  /** Put the cursor on a row. @param {string|null} id */
  point(id) {
    this.cursor = id;
    this.#tell();
  }

  /** What is gone is neither selected nor pointed at. @param {Set<string>} ids */
  drop(ids) {
    const before = this.ids.size;
    for (const id of ids) this.ids.delete(id);
    if (this.ids.size !== before) this.#tell();
  }

  #tell() {
    for (const fn of listeners) fn();
  }
}

export const selection = new Selection();

/** Calls `fn()` after every change. @param {() => void} fn */
export function onSelection(fn) {
  listeners.add(fn);
}
