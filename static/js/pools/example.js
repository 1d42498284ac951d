/** One click for who has no pool yet: four workers, and a job that takes long enough to be watched. */

import { get, post } from "../state/api.js";
import { go, poolHref } from "../state/router.js";
import { complain } from "../widgets/toasts.js";

const POOL = { name: "example", processes: 4 };
const SHOWN = "slow-square";

/** @param {HTMLButtonElement} button that asked for it */
export async function runExample(button) {
  button.disabled = true;
  try {
    const { functions } = await get("/api/v1/pools/functions");
    const { name, example } = functions.find((one) => one.name === SHOWN) ?? functions[0];
    const given = Object.fromEntries(Object.entries(example).filter(([, value]) => value !== null));
    const pool = await post("/api/v1/pools", POOL);
    const job = await post(`/api/v1/pools/${pool.id}/jobs`, { function: name, ...given });
    go(poolHref(pool.id, { job: job.id }));
  } catch (error) {
    complain("The example was not run.", error);
  } finally {
    button.disabled = false;
  }
}
