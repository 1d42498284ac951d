/** The dialog that runs a program: one of the catalogue with its parameters, or a command of the user. */

import { open } from "../widgets/dialogs.js";
import { FormFields } from "../widgets/formfields.js";
import { run, runFrom } from "./start.js";
import { programs } from "../state/catalogue.js";
import { OWN, OPTIONS, readEnv, split } from "./fields.js";
import { Cards } from "../widgets/cards.js";
import { mountTabs } from "../widgets/tabs.js";
import { store } from "../state/store.js";
import { fill, onPress, part } from "../dom/dom.js";

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("run-program"));
const form = dialog.querySelector("form");
const foot = part(dialog, "problem");
const parameters = new FormFields(part(dialog, "parameters"), foot);
const own = new FormFields(part(dialog, "own-fields"), foot);
const options = new FormFields(part(dialog, "options"), foot);
const cards = new Cards(dialog, choose, ({ name, title }) => ({ name: title || name, description: name }));
let tab = "catalogue";
let busy = false;
const showTab = mountTabs(dialog, (name) => {
  tab = name;
  part(dialog, "search").hidden = part(dialog, "about").hidden = parameters.place.hidden = name === "own";
  complain("");
  ready();
});

/** Follow the buttons that open it. */
export function startRunDialog() {
  own.show(OWN);
  options.show(OPTIONS);
  form.addEventListener("submit", submit);
  onPress(document, "[data-run-program]", openRunDialog);
  store.subscribe(({ status }) => status && dialog.open && ready());
}

/** Open the dialog with its last values. */
export async function openRunDialog() {
  open(dialog);
  showTab(tab);
  cards.reset();
  try {
    cards.show(await programs.themes());
  } catch (error) {
    complain(`Could not read the catalogue: ${error.detail ?? error.message}`);
  }
}

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
  ready();
}

/** Enable the button if there is something to run, and commands are allowed. */
function ready() {
  const forbidden = tab === "own" && Boolean(store.supervisor) && !store.supervisor.allow_targets;
  part(dialog, "refusal").hidden = !forbidden;
  part(dialog, "go").disabled = busy || forbidden || (tab === "catalogue" && !cards.chosen);
}

const complain = (problem, path = null) => (tab === "own" ? own : parameters).complain(problem, path);

function read() {
  const [chosen, more] = [(tab === "own" ? own : parameters).read(), options.read()];
  if (!chosen || !more) return null;
  if (tab === "catalogue") return { workload: cards.chosen, params: {}, ...chosen, ...more };
  const { command, env, ...rest } = chosen;
  return { ...rest, ...more, command: split(command), ...(env && { env: readEnv(env) }) };
}

async function submit(event) {
  event.preventDefault();
  const spec = part(dialog, "go").disabled ? null : read();
  if (!spec) return;
  busy = true;
  ready();
  try {
    await run(spec);
    dialog.close();
  } catch (error) {
    complain(error.detail ?? error.message, error.field);
  } finally {
    busy = false;
    ready();
  }
}
