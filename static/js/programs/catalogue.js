/** The catalogue of programs: plain scripts that each show one facility of multiprocessing. */

import { get, post } from "../state/api.js";
import { go, programHref } from "../state/router.js";
import { complain } from "../widgets/toasts.js";

let fetched = null;
/** @type {Map<string, object>} */
const known = new Map();

/** @param {string} name */
export const programWorkload = (name) => known.get(name);

/** By theme, in the order of the server. @returns {Promise<Map<string, object[]>>} */
export function themes() {
  fetched ??= get("/api/v1/programs/workloads").then(({ programs, workloads }) => {
    for (const one of programs ?? workloads) known.set(one.name, one);
    return Map.groupBy(known.values(), ({ theme }) => theme || "Other");
  });
  return fetched.catch((error) => {
    fetched = null;
    throw error;
  });
}

/** Run one, and look at it. @param {object} spec @returns {Promise<void>} */
export async function run(spec) {
  const made = await post("/api/v1/programs", spec);
  go(programHref(made.process?.id ?? made.program?.id ?? made.id));
}

/** The same from a button of its own. @param {object} spec @param {HTMLButtonElement} button */
export async function runFrom(spec, button) {
  button.disabled = true;
  try {
    await run(spec);
  } catch (error) {
    complain(`${spec.workload ?? spec.command?.[0]} was not run.`, error);
  } finally {
    button.disabled = false;
  }
}
