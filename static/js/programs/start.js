/** Starts programs. */

import { post } from "../state/api.js";
import { go, programHref } from "../state/router.js";
import { attempt } from "../widgets/toasts.js";

/** Start a program and open its page. @param {object} spec @returns {Promise<void>} */
export async function run(spec) {
  const made = await post("/api/v1/programs", spec);
  go(programHref(made.process?.id ?? made.program?.id ?? made.id));
}

/** Start a program from a button of the page. @param {object} spec @param {HTMLButtonElement} button */
export const runFrom = (spec, button) => attempt(`Could not run ${spec.workload ?? spec.command?.[0]}.`, () => run(spec), button);
