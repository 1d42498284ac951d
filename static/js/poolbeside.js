/**
 * The panel beside a pool: a job, a worker or the form for a new job, as the address asks.  Esc or the cross closes it.
 * A panel is a module with `open(panel, poolId, what)` → `{show(pool), close?()}`.
 */

import * as job from "./job.js";
import * as submit from "./submit.js";
import { go, poolHref } from "./router.js";
import { store } from "./store.js";
import { part, stamp } from "./template.js";
import * as worker from "./workerpanel.js";

const PANELS = { job, worker, submit };
const aside = document.getElementById("beside");
let shown = { key: "", pool: null, panel: null };

part(aside, "close").addEventListener("click", (event) => {
  event.preventDefault();
  closeBeside();
});

/** Close what is open; false where nothing was. @returns {boolean} */
export function closeBeside() {
  if (!shown.key) return false;
  go(poolHref(shown.pool));
  return true;
}

/** Open what the address asks for. @param {import("./router.js").Route} route */
export function followBeside({ pool, params }) {
  const name = pool && Object.keys(PANELS).find((one) => params.get(one) && !(one === "submit" && store.role === "viewer"));
  const key = name ? [pool, name, params.get(name), params.get("stack") ?? ""].join(" ") : "";
  if (key === shown.key) return;
  shown.panel?.close?.();
  shown = { key, pool, panel: null };
  aside.hidden = !key;
  if (!key) return;
  part(aside, "close").setAttribute("href", poolHref(pool));
  const panel = stamp(`beside-${name}`);
  part(aside, "panel").replaceChildren(panel);
  part(aside, "scroll").scrollTop = 0;
  shown.panel = PANELS[name].open(panel, pool, params.get(name), aside);
  showBeside(store.pools.get(pool));
}

/** @param {object|undefined} pool as it is now */
export function showBeside(pool) {
  if (pool && pool.id === shown.pool) shown.panel?.show(pool);
}
