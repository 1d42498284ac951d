/** The key for something new: on the list of pools a pool, in a pool a job, where programs are a program. */

import { openDialog } from "../pools/open.js";
import { isOpen } from "../words/pools.js";
import { openRun } from "../programs/run.js";
import { go, poolHref, route } from "../state/router.js";
import { store } from "../state/store.js";

/** @returns {boolean|void} false where there is nothing to make here */
export function newHere() {
  const { page, pool } = route();
  if (store.role === "viewer") return false;
  if (page === "programs") return void openRun();
  if (page !== "pools") return false;
  if (!pool) return void openDialog();
  const open = store.pools.get(pool);
  return open && isOpen(open) ? void go(poolHref(pool, { submit: 1 })) : false;
}
