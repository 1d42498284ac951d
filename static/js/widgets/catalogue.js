/** A dialog with two tabs: the cards of a catalogue, and the code of the user, which the server may not allow. */

import { part } from "../dom/dom.js";
import { store } from "../state/store.js";
import { Cards } from "./cards.js";
import { open } from "./dialogs.js";

export class CatalogueDialog {
  /** The open tab. */ tab = "catalogue";
  #busy = false;

  /**
   * @param {HTMLDialogElement} dialog @param {{themes: () => Promise<Map<string, object[]>>}} catalogue
   * @param {{texts: (entry: object) => {name: string, description: string}, choose: (entry: object) => void,
   *   switched: (tab: string, entry: object|null) => void, forbid?: (forbidden: boolean) => void, read: () => object|null,
   *   complain: (problem: string, error?: any) => void}} form its fields; `read` returns null if a value is invalid
   * @param {(body: object) => Promise<void>} send
   */
  constructor(dialog, catalogue, form, send) {
    Object.assign(this, { dialog, catalogue, form, send });
    this.cards = new Cards(dialog, (entry) => { form.choose(entry); this.ready(); }, form.texts);
    this.showTab = mountTabs(dialog, (tab) => {
      this.tab = tab;
      part(dialog, "search").hidden = tab !== "catalogue";
      form.switched(tab, this.cards.member(this.cards.chosen) ?? null);
      this.ready();
    });
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    store.subscribe(({ status }) => status && dialog.open && this.ready());
  }

  /** Open the dialog with its last values. */
  async open() {
    open(this.dialog);
    this.showTab(this.tab);
    this.cards.reset();
    try {
      this.cards.show(await this.catalogue.themes());
    } catch (error) {
      this.form.complain(`Could not read the catalogue: ${error.message}`);
    }
  }

  /** Enable the button if there is something to send, and the code of the user is allowed. */
  ready() {
    const forbidden = this.tab !== "catalogue" && Boolean(store.supervisor) && !store.supervisor.allow_targets;
    part(this.dialog, "refusal").hidden = !forbidden;
    this.form.forbid?.(forbidden);
    part(this.dialog, "go").disabled = this.#busy || forbidden || (this.tab === "catalogue" && !this.cards.chosen);
  }

  async #submit() {
    const body = part(this.dialog, "go").disabled ? null : this.form.read();
    if (!body) return;
    this.#busy = true;
    this.ready();
    try {
      await this.send(body);
    } catch (error) {
      this.form.complain(error.message, error);
    } finally {
      this.#busy = false;
      this.ready();
    }
  }
}

/** Follow clicks and arrow keys on the tabs; `data-tab` names the part that a tab shows. @param {HTMLElement} dialog @param {(tab: string) => void} changed @returns {(tab: string) => void} shows a tab */
function mountTabs(dialog, changed) {
  const bar = part(dialog, "tabs");
  const show = (name, focus = false) => {
    for (const tab of bar.children) {
      const chosen = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen && focus) tab.focus();
      part(dialog, tab.dataset.tab).hidden = !chosen;
    }
    changed(name);
  };
  bar.addEventListener("click", (event) => event.target.dataset.tab && show(event.target.dataset.tab));
  bar.addEventListener("keydown", (event) => event.key.startsWith("Arrow") && show(bar.querySelector("[aria-selected=false]").dataset.tab, true));
  return show;
}
