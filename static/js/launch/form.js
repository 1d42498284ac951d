/** What is filled in beside the cards: parameters of the chosen workload, name, options, how many. */

import { workload } from "./catalogue.js";
import { CODE, COUNT, NAME, OPTIONS } from "./fields.js";
import { Field } from "../widgets/field.js";
import { nest } from "../widgets/formfields.js";
import { recall } from "../dom/remember.js";
import { store } from "../state/store.js";
import { fill, part, say } from "../dom/template.js";

const FLAGS = { daemon: false, auto_start: true, auto_join: true };
const ANOTHER = "own code";

export class LaunchForm {
  #dialog;
  #form;
  #fields = { parameters: [], code: CODE.map(made), name: [made(NAME)], options: OPTIONS.map(made), count: [made(COUNT)] };
  /** "catalogue" or "code". */
  tab = "catalogue";
  /** @type {string|null} */
  chosen = null;
  /** While a launch is under way, no second one. */
  busy = false;

  constructor(dialog) {
    this.#dialog = dialog;
    this.#form = dialog.querySelector("form");
    for (const [place, fields] of [["code-fields", "code"], ["name", "name"], ["options", "options"], ["count", "count"]])
      part(dialog, place).append(...this.#fields[fields].map(({ node }) => node));
    part(dialog, "parameters").addEventListener("input", () => this.complain(""));
  }

  get memory() {
    return this.tab === "code" ? ANOTHER : this.chosen;
  }

  /** Show the fields of a workload, or with null those for one's own code. @param {string|null} name */
  choose(name) {
    this.chosen = name;
    const { title = "", description = "", look_at = "", parameters = [], defaults = {} } = workload(name) ?? {};
    part(this.#dialog, "about").hidden = this.tab === "code";
    part(this.#dialog, "look").hidden = !look_at;
    fill(part(this.#dialog, "about"), { chosen: name ?? "Choose a workload", description: name ? description || title : "Its parameters appear here.", look_at });
    this.#fields.parameters = parameters.map((one) => new Field(one, `params.${one.name}`));
    part(this.#dialog, "parameters").replaceChildren(...this.#fields.parameters.map(({ node }) => node));
    this.#fields.name[0].control.placeholder = name ?? "as the function is called";
    this.#restore(defaults, this.memory ? recall(this.memory) : {});
    this.complain("");
    this.ready();
  }

  /** Whether there is something to launch decides about the button. */
  ready() {
    const refused = this.tab === "code" && store.supervisor && !store.supervisor.allow_targets;
    part(this.#dialog, "refusal").hidden = !refused;
    for (const { control } of this.#fields.code) control.disabled = refused;
    part(this.#dialog, "go").disabled = this.busy || refused || (this.tab === "catalogue" && !this.chosen);
  }

  /** What to send, or null where something is wrong: the first wrong field then has the focus. */
  read() {
    const found = this.#all().map((field) => [field, field.check()]);
    const wrong = found.find(([, { problem }]) => problem);
    if (wrong) {
      this.#reveal(wrong[0]);
      return null;
    }
    const body = { start_method: this.#form.elements.start_method.value };
    if (this.tab === "catalogue") body.workload = this.chosen;
    for (const flag of Object.keys(FLAGS)) body[flag] = this.#form.elements[flag].checked;
    for (const [{ path }, { value }] of found) if (value !== undefined && value !== "") nest(body, path, value);
    return body;
  }

  /** What stands in the fields, for the next time. */
  typed() {
    const values = Object.fromEntries(this.#all().map((field) => [field.path, field.typed]));
    const flags = Object.fromEntries(Object.keys(FLAGS).map((flag) => [flag, this.#form.elements[flag].checked]));
    return { ...values, ...flags, start_method: this.#form.elements.start_method.value };
  }

  /** Put the server's complaint at its field, else at the foot. @param {string} problem @param {string|null} path */
  complain(problem, path = null) {
    const field = path && this.#all().find((one) => one.path === path || path.startsWith(`${one.path}.`));
    const foot = part(this.#dialog, "problem");
    foot.hidden = !problem || Boolean(field);
    say(foot, field ? "" : problem);
    if (!field) return;
    field.complain(problem.replace(new RegExp(`^${RegExp.escape?.(path) ?? path}:? `), "").replace(/^[\w.]+: /, ""));
    this.#reveal(field);
  }

  #all() {
    const { parameters, code, name, options, count } = this.#fields;
    return [...(this.tab === "code" ? code : parameters), ...name, ...options, ...count];
  }

  #reveal(field) {
    if (this.#fields.options.includes(field)) part(this.#dialog, "more").open = true;
    field.control.focus();
  }

  #restore(defaults, kept) {
    const policy = defaults.restart?.policy ?? defaults.restart;
    for (const field of this.#all()) {
      field.typed = kept[field.path] ?? { ...defaults, "restart.policy": policy }[field.path] ?? field.parameter.default;
      field.complain("");
    }
    for (const [flag, fallback] of Object.entries(FLAGS)) this.#form.elements[flag].checked = kept[flag] ?? defaults[flag] ?? fallback;
    this.#form.elements.start_method.value = kept.start_method ?? defaults.start_method ?? "forkserver";
  }
}

function made(parameter) {
  return new Field(parameter, parameter.name);
}
