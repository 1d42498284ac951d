/**
 * The panel beside a page.  The address says which one is open; Esc or the cross closes it.
 * A panel is a module with `open(panel, owner, what, aside)` → `{show(record), close?()}`.
 */

import { go } from "../state/router.js";
import { part, stamp } from "../dom/dom.js";

export class SidePanel {
  #shown = { key: "", owner: null, panel: null };

  /**
   * @param {HTMLElement} aside
   * @param {{panels: Record<string, {template: string, open: Function}>, hrefOf: (owner: string) => string, record: (owner: string) => object|undefined,
   *   allowed?: (name: string) => boolean}} options `hrefOf`: the page without a panel
   */
  constructor(aside, { panels, hrefOf, record, allowed = () => true }) {
    Object.assign(this, { aside, panels, hrefOf, record, allowed });
    part(aside, "close").addEventListener("click", (event) => {
      event.preventDefault();
      this.close();
    });
  }

  /** Close the panel; return false if none was open. @returns {boolean} */
  close() {
    if (!this.#shown.key) return false;
    go(this.hrefOf(this.#shown.owner));
    return true;
  }

  /** Open the panel that the address names. @param {string|null} owner @param {URLSearchParams} params @param {string} variant reopens it when it changes */
  follow(owner, params, variant = "") {
    const name = owner && Object.keys(this.panels).find((one) => params.get(one) && this.allowed(one));
    const key = name ? [owner, name, params.get(name), variant].join(" ") : "";
    if (key === this.#shown.key) return;
    this.#shown.panel?.close?.();
    this.#shown = { key, owner, panel: null };
    this.aside.hidden = !key;
    if (!key) return;
    part(this.aside, "close").setAttribute("href", this.hrefOf(owner));
    const panel = stamp(this.panels[name].template);
    part(this.aside, "panel").replaceChildren(panel);
    part(this.aside, "scroll").scrollTop = 0;
    this.#shown.panel = this.panels[name].open(panel, owner, params.get(name), this.aside);
    this.show(this.record(owner));
  }

  /** Update the open panel. @param {object|undefined} record */
  show(record) {
    if (record && record.id === this.#shown.owner) this.#shown.panel?.show(record);
  }
}
