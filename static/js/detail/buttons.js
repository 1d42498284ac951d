/** The buttons of the detail: a verb that is not possible is disabled and says why.  Below them: what ending the process costs. */

import { act } from "../acting/processes.js";
import { plural } from "../words/format.js";
import { effectOf, VERBS, whyNot } from "../words/verbs.js";
import { chooseSignal } from "../acting/signals.js";
import { store } from "../state/store.js";
import { fill, part } from "../dom/dom.js";
import { verbButton } from "../processes/buttons.js";
import { toast } from "../widgets/toasts.js";

const ORDER = ["stack", "start", "suspend", "resume", "restart", "terminate", "kill", "join", "close", "signal"];
/** Each has a counterpart that is possible instead. */
const ONLY_WHEN_POSSIBLE = new Set(["start", "resume", "close"]);
const ONLY_WHILE_ALIVE = new Set(["stack", "suspend", "signal", "terminate", "kill", "join"]);
const GONE = new Set(["joined", "closed", "fatal", "lost", "created"]);

/** @param {HTMLElement} root @param {object} process */
export function showButtons(root, process) {
  const bar = part(root, "actions");
  if (!bar.children.length) bar.append(...ORDER.map(button));
  bar.dataset.id = process.id;
  for (const one of bar.children) show(one, process);
  fill(root, { cost: whyNot("kill", process, "operator") ? "" : costOfEnding(process) });
}

function button(verb) {
  const made = verbButton("action", { verb, ...VERBS[verb] });
  made.addEventListener("click", (event) => press(event, verb));
  return made;
}

function show(made, process) {
  const { verb } = made.dataset;
  const why = whyNot(verb, process, store.role);
  made.setAttribute("aria-disabled", String(Boolean(why)));
  made.title = why || effectOf(verb, process);
  made.hidden = Boolean(whyNot(verb, process, "operator")) && omitted(verb, process.state);
  if (verb === "resume") made.hidden ||= process.state !== "suspended";
}

function omitted(verb, state) {
  if (verb === "suspend") return state !== "running" && state !== "starting";
  return ONLY_WHEN_POSSIBLE.has(verb) || (ONLY_WHILE_ALIVE.has(verb) && GONE.has(state));
}

function press(event, verb) {
  const button = event.currentTarget;
  const { id } = button.parentElement.dataset;
  if (button.getAttribute("aria-disabled") === "true") return void toast({ title: `${VERBS[verb].label} is not available.`, text: button.title, tone: "note" });
  verb === "signal" ? chooseSignal(id, button) : act(verb, id, button);
}

function costOfEnding({ state, descendants, grace_s: grace }) {
  const below = descendants && plural(descendants, "child process");
  if (state === "stopping") return `Kill does not wait for the grace period.${below ? ` It also ends ${below}.` : ""}`;
  return `Terminate allows ${grace} s to shut down; Kill does not.${below ? ` Both also end ${below}.` : ""}`;
}
