/** The actions on a program: terminate, kill, run again, remove. */

import { act } from "../acting/processes.js";
import { onPress } from "../dom/dom.js";
import { whyNot } from "../words/verbs.js";
import { isLive, processesOf } from "../words/programs.js";
import { rerun } from "./run.js";
import { store } from "../state/store.js";

let program = null;
const first = () => store.processes.get(program.id);
const alive = () => processesOf(program.id).some((one) => one.alive);
/** When each is possible. */
const RULES = {
  terminate: () => Boolean(first()) && !whyNot("terminate", first(), "operator"),
  kill: () => Boolean(first()) && !whyNot("kill", first(), "operator"),
  again: () => !isLive(program) && !program.attached,
  remove: () => !alive() && Boolean(first()) && !whyNot("close", first(), "operator"),
};
/** The page does not know a command with masked secrets; the supervisor does. */
const isMasked = () => program.command.some((word) => word.includes("***"));
const ACTIONS = {
  remove: () => act("close", program.id),
  again: (button) => (isMasked() ? act("restart", program.id, button) : rerun(program, button)),
};

/** @param {HTMLElement} bar */
export function startVerbs(bar) {
  onPress(bar, "button", (button) => {
    const { verb } = button.dataset;
    ACTIONS[verb] ? ACTIONS[verb](button) : act(verb, program.id, button);
  });
}

/** @param {HTMLElement} bar @param {object} shown the open program */
export function showVerbs(bar, shown) {
  program = shown;
  for (const button of bar.querySelectorAll("button")) button.hidden = !RULES[button.dataset.verb]();
}
