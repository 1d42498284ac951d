/** The example for a first visit: a pool of four workers with a job that takes some time. */

import { get, post } from "../state/api.js";
import { go, poolHref } from "../state/router.js";
import { attempt } from "../widgets/toasts.js";

const POOL = { name: "example", processes: 4 };
const FUNCTION = "slow-square";

/** @param {HTMLButtonElement} button that was pressed */
export function runExample(button) {
  return attempt("Could not run the example.", async () => {
    const { functions } = await get("/api/v1/pools/functions");
    const { name, example } = functions.find((one) => one.name === FUNCTION) ?? functions[0];
    const given = Object.fromEntries(Object.entries(example).filter(([, value]) => value !== null));
    const pool = await post("/api/v1/pools", POOL);
    const job = await post(`/api/v1/pools/${pool.id}/jobs`, { function: name, ...given });
    go(poolHref(pool.id, { job: job.id }));
  }, button);
}
