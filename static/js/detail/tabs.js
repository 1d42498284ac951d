/** The tabs of the detail: which is open stands in the address; only the open one works. */

import * as descendants from "./descendants.js";
import * as inspect from "./inspect.js";
import * as log from "../log/log.js";
import * as overview from "./overview.js";
import { detailHref, go } from "../state/router.js";
import * as stack from "./stack.js";
import { part, stamp } from "../dom/template.js";
import * as timeline from "./timeline.js";

const TABS = { overview, log, stack, timeline, descendants, inspect };
const STEP = { ArrowRight: 1, ArrowLeft: -1 };
let bar = null;
let shown = { id: null, name: null, close: () => {} };

/** @param {HTMLElement} tablist @param {() => string|null} present the process that is open */
export function startTabs(tablist, present) {
  bar = tablist;
  bar.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-tab]");
    if (tab && present()) choose(present(), tab.dataset.tab);
  });
  bar.addEventListener("keydown", (event) => present() && step(event, present()));
}

const choose = (id, name) => go(detailHref(id, name === "overview" ? null : name), { replace: true });

function step(event, id) {
  const all = [...bar.children];
  const at = all.findIndex((tab) => tab.dataset.tab === shown.name);
  const to = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : STEP[event.key] ? (at + STEP[event.key] + all.length) % all.length : -1;
  if (to < 0) return;
  event.preventDefault();
  choose(id, all[to].dataset.tab);
  all[to].focus();
}

/** Open a tab of a process; `id` null closes what is open. @param {string|null} id @param {string|null} wanted */
export function showTab(id, wanted) {
  const name = id && Object.hasOwn(TABS, wanted ?? "") ? wanted : "overview";
  if (shown.id === id && shown.name === name) return;
  shown.close();
  shown = { id, name, close: () => {} };
  if (!id) return;
  for (const tab of bar.children) {
    tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
    tab.tabIndex = tab.dataset.tab === name ? 0 : -1;
  }
  const panel = part(bar.parentElement, "panel");
  panel.setAttribute("aria-labelledby", `tab-${name}`);
  panel.dataset.tab = name;
  panel.replaceChildren(stamp(`tab-${name}`));
  shown.close = TABS[name].open(panel, id);
}
