/** The dialog that runs a program: one of the catalogue with its parameters, or a command of one's own. */

import { open } from "../widgets/dialogs.js";
import { FormFields } from "../widgets/formfields.js";
import { run, runFrom, themes } from "./catalogue.js";
import { OWN, OPTIONS, readEnv, split } from "./fields.js";
import { ProgramCards } from "./cards.js";
import { store } from "../state/store.js";
import { fill, part, say } from "../dom/template.js";

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("run-program"));
const form = dialog.querySelector("form");
const foot = part(dialog, "problem");
const parameters = new FormFields(part(dialog, "parameters"), foot);
const own = new FormFields(part(dialog, "own-fields"), foot);
const options = new FormFields(part(dialog, "options"), foot);
const cards = new ProgramCards(dialog, choose);
let tab = "catalogue";
let busy = false;

/** Follow the buttons that ask for it. */
export function startRunning() {
  own.show(OWN.map((one) => ({ ...one, path: one.name })));
  options.show(OPTIONS.map((one) => ({ ...one, path: one.name })));
  form.addEventListener("submit", submit);
  part(dialog, "close").addEventListener("click", () => dialog.close());
  part(dialog, "tabs").addEventListener("click", (event) => event.target.dataset.tab && showTab(event.target.dataset.tab));
  part(dialog, "tabs").addEventListener("keydown", (event) => event.key.startsWith("Arrow") && showTab(tab === "own" ? "catalogue" : "own", true));
  document.addEventListener("click", (event) => event.target.closest("[data-run-program]") && openRun());
  store.subscribe(({ status }) => status && dialog.open && ready());
}

/** Show it, as it was left. */
export async function openRun() {
  open(dialog);
  showTab(tab);
  cards.begin();
  try {
    cards.show(await themes());
  } catch (error) {
    say(foot, `The catalogue cannot be read: ${error.detail ?? error.message}`);
    foot.hidden = false;
  }
}

/** Run what was run before. @param {object} program @param {HTMLButtonElement} button */
export function runAgain({ workload, command, cwd, safe_pool: safe, id, name }, button) {
  const params = store.processes.get(id)?.params ?? {};
  return runFrom(workload ? { workload, params } : { command, cwd, name, safe_pool: safe }, button);
}

function showTab(name, focus = false) {
  tab = name;
  for (const one of part(dialog, "tabs").children) {
    const chosen = one.dataset.tab === name;
    one.setAttribute("aria-selected", String(chosen));
    one.tabIndex = chosen ? 0 : -1;
    if (chosen && focus) one.focus();
    part(dialog, one.dataset.tab).hidden = !chosen;
  }
  part(dialog, "search").hidden = part(dialog, "about").hidden = name === "own";
  parameters.place.hidden = name === "own";
  complain("");
  ready();
}

function choose(workload) {
  const { name, title, description, look_at: lookAt, parameters: wanted, finds = [] } = workload;
  fill(part(dialog, "about"), { chosen: title || name, name, description, look_at: lookAt, finds: finds.join(", ") });
  part(dialog, "look").hidden = !lookAt;
  part(dialog, "finds").hidden = !finds.length;
  parameters.show(wanted.map((one) => ({ ...one, path: `params.${one.name}` })));
  complain("");
  ready();
}

/** Whether a command of one's own may be run is for the one to say who started Procession. */
function ready() {
  const refused = tab === "own" && Boolean(store.supervisor) && !store.supervisor.allow_targets;
  part(dialog, "refusal").hidden = !refused;
  part(dialog, "go").disabled = busy || refused || (tab === "catalogue" && !cards.chosen);
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
