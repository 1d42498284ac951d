/** The two tabs of a dialog: `data-tab` names the part that a tab shows. */

import { part } from "../dom/dom.js";

/** Follow clicks and arrow keys. @param {HTMLElement} dialog @param {(tab: string) => void} changed @returns {(tab: string) => void} shows a tab */
export function mountTabs(dialog, changed) {
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
