/** Rows by key: each is created once from its template, moved with its record, and removed with it. */

import { cellsOf, stamp } from "./dom.js";

export class Keyed {
  #rows = new Map();

  /**
   * @param {HTMLElement} body @param {string} template name
   * @param {{key: (record: any) => any, update: (row: HTMLElement, cells: Record<string, HTMLElement>, record: any) => void,
   *   made?: (row: HTMLElement) => void}} options `made` completes a new row
   */
  constructor(body, template, { key, update, made = () => {} }) {
    Object.assign(this, { body, template, key, update, made });
  }

  /** @param {any[]} records in their order */
  show(records) {
    const wanted = new Set(records.map(this.key));
    for (const [key, { row }] of this.#rows) if (!wanted.has(key)) { row.remove(); this.#rows.delete(key); }
    records.forEach((record, at) => {
      const { row, cells } = this.#rows.get(this.key(record)) ?? this.#make(record);
      if (this.body.children[at] !== row) this.body.insertBefore(row, this.body.children[at] ?? null);
      this.update(row, cells, record);
    });
  }

  /** Return the row of a record. @param {any} key @returns {HTMLElement|undefined} */
  row(key) {
    return this.#rows.get(key)?.row;
  }

  #make(record) {
    const row = stamp(this.template);
    const entry = { row, cells: cellsOf(row) };
    this.#rows.set(this.key(record), entry);
    this.made(row);
    return entry;
  }
}
