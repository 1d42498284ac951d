/**
 * The panel beside the page of a record.  The address says which one is open; Esc or the cross closes it.
 * A panel is a module with `open(panel, owner, what, aside)` → `{show(record), close?()}`, and a template `panel-NAME`.
 */

import { go } from "../state/router.js";
import { store } from "../state/store.js";
import { part, stamp } from "../dom/dom.js";

export class SidePanel {
  #shown = { key: "", owner: null, panel: null };

  /**
   * @param {"pool"|"program"} kind of the record @param {Record<string, {open: Function}>} panels
   * @param {{hrefOf: (owner: string) => string, allowed?: (name: string) => boolean}} options `hrefOf`: the page without a panel
   */
  constructor(kind, panels, { hrefOf, allowed = () => true }) {
    Object.assign(this, { kind, aside: document.getElementById(`${kind}-panel`), panels, hrefOf, allowed });
    part(this.aside, "close").addEventListener("click", (event) => {
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

  /** Open the panel that the address names. @param {string|null} owner @param {URLSearchParams} params */
  follow(owner, params) {
    const name = owner && Object.keys(this.panels).find((one) => params.get(one) && this.allowed(one));
    const key = name ? `${owner} ${params}` : "";
    if (key === this.#shown.key) return;
    this.#shown.panel?.close?.();
    this.#shown = { key, owner, panel: null };
    this.aside.hidden = !key;
    if (!key) return;
    part(this.aside, "close").setAttribute("href", this.hrefOf(owner));
    const panel = stamp(`panel-${name}`);
    part(this.aside, "panel").replaceChildren(panel);
    part(this.aside, "scroll").scrollTop = 0;
    this.#shown.panel = this.panels[name].open(panel, owner, params.get(name), this.aside);
    this.show(store[`${this.kind}s`].get(owner));
  }

  /** Update the open panel. @param {object|undefined} record */
  show(record) {
    if (record && record.id === this.#shown.owner) this.#shown.panel?.show(record);
  }
}
