/** Rows by key: each is made once from its template, moved where its record stands now, and goes with it. */

import { stamp } from "./template.js";

export class Keyed {
  #rows = new Map();

  /**
   * @param {HTMLElement} body @param {string} template name
   * @param {{key: (record: any) => any, update: (row: HTMLElement, cells: Record<string, HTMLElement>, record: any) => void,
   *   made?: (row: HTMLElement, key: any) => void}} how
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

  /** The row of a record. @param {any} key @returns {HTMLElement|undefined} */
  row(key) {
    return this.#rows.get(key)?.row;
  }

  #make(record) {
    const row = stamp(this.template);
    const cells = Object.fromEntries([...row.querySelectorAll("[data-cell]")].map((cell) => [cell.dataset.cell, cell]));
    const made = { row, cells };
    this.#rows.set(this.key(record), made);
    this.made(row, this.key(record));
    return made;
  }
}
