/**
 * The detail of a process beside the list: head, finding, actions and the open tab.  Its address is /processes/ID; Esc or
 * the cross returns to the list.  A tab is a module with `open(panel, id)` → a function that closes it.
 */

import { showButtons } from "./buttons.js";
import { identity } from "../acting/processes.js";
import { showFinding } from "./finding.js";
import { go, href, onRoute, poolHref, programHref, route } from "../state/router.js";
import { mountMissing } from "../widgets/missing.js";
import { startSplit } from "../widgets/split.js";
import { store } from "../state/store.js";
import { showTab, startTabs } from "./tabs.js";
import { fill, part, setData } from "../dom/dom.js";
import { stateOf } from "../words/format.js";

const TICK_MS = 250;
const aside = document.getElementById("detail");
let id = null;
const missing = mountMissing(aside);

/** Follow the address and the store. */
export function startDetail() {
  startSplit();
  startTabs(part(aside, "tabs"), () => id);
  onRoute(follow);
  store.subscribe(changed);
  setInterval(() => id && !document.hidden && tick(), TICK_MS);
  part(aside, "close").addEventListener("click", (event) => {
    event.preventDefault();
    closeDetail();
  });
}

/** Return to the list, which keeps its filter; false if no detail is open. */
export function closeDetail() {
  if (!id) return false;
  go(href("/", { tab: null }));
  return true;
}

function follow({ page, id: wanted, params }) {
  const before = id;
  id = page === "processes" ? wanted : null;
  aside.hidden = !id;
  document.documentElement.classList.toggle("has-detail", Boolean(id));
  if (!id) return void showTab(null, null);
  render(params);
  if (before !== id) part(aside, "scroll").scrollTop = 0;
}

function changed({ processes, removed, descendants, reset }) {
  if (id && (reset || processes.has(id) || removed.has(id) || descendants.size)) render(route().params);
}

function render(params) {
  const process = store.processes.get(id);
  part(aside, "body").hidden = !process;
  showTab(process ? id : null, params.get("tab"));
  if (!process) return void showMissing();
  missing(id, process);
  const { name, workload, target, descendants } = process;
  const { icon, word, tone } = stateOf(process);
  fill(part(aside, "head"), { name, who: identity(process), workload: workload === name ? "" : workload ?? target, icon, word });
  fill(part(aside, "tabs"), { descendants });
  part(aside, "pool").hidden = !store.pools.has(id);
  part(aside, "pool").setAttribute("href", poolHref(id));
  part(aside, "program").hidden = !store.programs.has(process.program);
  part(aside, "program").setAttribute("href", programHref(process.program));
  part(aside, "badge").hidden = false;
  setData(part(aside, "badge"), "tone", tone);
  showButtons(aside, process);
  tick();
}

function showMissing() {
  const gone = missing(id);
  fill(part(aside, "head"), { name: gone ? id : "", who: "", workload: "" });
  part(aside, "badge").hidden = true;
}

function tick() {
  const process = store.processes.get(id);
  process ? showFinding(aside, process, store.now()) : showMissing();
}
