/** The tabs of the detail.  The address names the open tab; only the open one is active. */

import * as descendants from "./descendants.js";
import * as inspect from "./inspect.js";
import * as log from "../log/log.js";
import * as overview from "./overview.js";
import { detailHref, go } from "../state/router.js";
import * as stack from "./stack.js";
import { onPress, part, stamp } from "../dom/dom.js";
import * as timeline from "./timeline.js";

const TABS = { overview, log, stack, timeline, descendants, inspect };
const STEP = { ArrowRight: 1, ArrowLeft: -1 };
let bar = null;
let shown = { id: null, name: null, close: () => {} };

/** @param {HTMLElement} tablist @param {() => string|null} current the open process */
export function startTabs(tablist, current) {
  bar = tablist;
  onPress(bar, "[data-tab]", (tab) => current() && choose(current(), tab.dataset.tab));
  bar.addEventListener("keydown", (event) => current() && step(event, current()));
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

/** Open a tab of a process; with `id` null, close the open one. @param {string|null} id @param {string|null} wanted */
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
