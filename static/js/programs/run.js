/** Runs programs, and the dialog for it: one of the catalogue with its parameters, or a command of the user. */

import { FormFields } from "../widgets/formfields.js";
import { post } from "../state/api.js";
import { go, programHref } from "../state/router.js";
import { attempt } from "../widgets/toasts.js";
import { programs } from "../state/catalogue.js";
import { OWN, OPTIONS, readEnv, split } from "./fields.js";
import { CatalogueDialog } from "../widgets/catalogue.js";
import { store } from "../state/store.js";
import { fill, onPress, part } from "../dom/dom.js";

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("run-program"));
const foot = part(dialog, "problem");
const parameters = new FormFields(part(dialog, "parameters"), foot);
const own = new FormFields(part(dialog, "own-fields"), foot);
const options = new FormFields(part(dialog, "options"), foot);
const chosenForm = () => (catalogue.tab === "own" ? own : parameters);
const complain = (problem, error = null) => chosenForm().complain(problem, error?.field);
const catalogue = new CatalogueDialog(dialog, programs, {
  texts: ({ name, title }) => ({ name: title || name, description: name }),
  switched: (tab) => {
    part(dialog, "about").hidden = parameters.place.hidden = tab === "own";
    complain("");
  },
  choose, read, complain,
}, async (spec) => {
  await run(spec);
  dialog.close();
});

/** Follow the buttons that open it. */
export function startRunDialog() {
  own.show(OWN);
  options.show(OPTIONS);
  onPress(document, "[data-run-program]", openRunDialog);
}

/** Open the dialog with its last values. */
export const openRunDialog = () => catalogue.open();

/** Start a program and open its page. @param {object} spec @returns {Promise<void>} */
async function run(spec) {
  const made = await post("/api/v1/programs", spec);
  go(programHref(made.process?.id ?? made.program?.id ?? made.id));
}

/** Start a program from a button of the page. @param {object} spec @param {HTMLButtonElement} button */
export const runFrom = (spec, button) => attempt(`Could not run ${spec.workload ?? spec.command?.[0]}.`, () => run(spec), button);

/** Run a program again. @param {object} program @param {HTMLButtonElement} button */
export function rerun({ workload, command, cwd, safe_pool: safe, id, name }, button) {
  const params = store.processes.get(id)?.params ?? {};
  return runFrom(workload ? { workload, params } : { command, cwd, name, safe_pool: safe }, button);
}

function choose({ name, title, description, look_at: lookAt, parameters: wanted, finds = [] }) {
  fill(part(dialog, "about"), { chosen: title || name, name, description, look_at: lookAt, finds: finds.join(", ") });
  part(dialog, "look").hidden = !lookAt;
  part(dialog, "finds").hidden = !finds.length;
  parameters.show(wanted.map((one) => ({ ...one, path: `params.${one.name}` })));
  complain("");
}

function read() {
  const [chosen, more] = [chosenForm().read(), options.read()];
  if (!chosen || !more) return null;
  if (catalogue.tab === "catalogue") return { workload: catalogue.cards.chosen, params: {}, ...chosen, ...more };
  const { command, env, ...rest } = chosen;
  return { ...rest, ...more, command: split(command), ...(env && { env: readEnv(env) }) };
}
