/** The key N: opens a pool, submits a job to the open pool, or runs a program. */

import { openPoolDialog } from "../pools/open.js";
import { acceptsJobs } from "../words/pools.js";
import { openRunDialog } from "../programs/run.js";
import { go, poolHref, route } from "../state/router.js";
import { store } from "../state/store.js";

/** @returns {boolean|void} false if the page has nothing to create */
export function createHere() {
  const { page, pool } = route();
  if (store.role === "viewer") return false;
  if (page === "programs") return void openRunDialog();
  if (page !== "pools") return false;
  if (!pool) return void openPoolDialog();
  const open = store.pools.get(pool);
  return open && acceptsJobs(open) ? void go(poolHref(pool, { submit: 1 })) : false;
}
