/** The form of the launch dialog: parameters of the workload or the user's function, name, options, count. */

import { CODE, COUNT, NAME, OPTIONS } from "./fields.js";
import { FormFields } from "../widgets/formfields.js";
import { recall } from "../dom/remember.js";
import { fill, part } from "../dom/dom.js";
import { complain } from "../widgets/toasts.js";

const FLAGS = { daemon: false, auto_start: true, auto_join: true };
/** The name under which the values of the second tab are remembered. */
const USER_CODE = "own code";

export class LaunchForm {
  /** @type {Record<string, FormFields>} */ #groups;
  /** "catalogue" or "code". */
  tab = "catalogue";
  /** @type {object|null} */
  chosen = null;

  constructor(dialog) {
    Object.assign(this, { dialog, controls: dialog.querySelector("form").elements });
    const foot = part(dialog, "problem");
    const group = (name, fields) => {
      const made = new FormFields(part(dialog, name), foot);
      made.show(fields);
      return made;
    };
    this.#groups = { parameters: group("parameters", []), code: group("code-fields", CODE), name: group("name", [NAME]), options: group("options", OPTIONS), count: group("count", [COUNT]) };
    part(dialog, "parameters").addEventListener("input", () => { foot.hidden = true; });
  }

  /** The name under which the values are remembered. */
  get memory() {
    return `launch:${this.tab === "code" ? USER_CODE : this.chosen?.name}`;
  }

  texts = ({ name, description }) => ({ name, description });

  /** Show the fields of a tab. @param {string} tab @param {object|null} workload the chosen one */
  switched(tab, workload) {
    this.tab = tab;
    this.choose(tab === "code" ? null : workload);
  }

  /** Show the fields of a workload; with null, those of the open tab without one. @param {object|null} workload */
  choose(workload) {
    this.chosen = workload;
    const { name, title = "", description = "", look_at = "", parameters = [], defaults = {} } = workload ?? {};
    part(this.dialog, "about").hidden = this.tab === "code";
    part(this.dialog, "look").hidden = !look_at;
    fill(part(this.dialog, "about"), { chosen: name ?? "Choose a workload", description: name ? description || title : "Its parameters appear here.", look_at });
    this.#groups.parameters.show(parameters.map((one) => ({ ...one, path: `params.${one.name}` })));
    this.#groups.name.field("name").control.placeholder = name ?? "defaults to the function name";
    this.#restore(defaults, recall(this.memory));
    this.complain("");
  }

  /** Disable the fields of the user's code. @param {boolean} forbidden */
  forbid(forbidden) {
    this.#groups.code.disable(forbidden);
  }

  /** Return the body of the request, or null if a value is invalid: its field then has the focus. */
  read() {
    const body = { start_method: this.controls.start_method.value };
    if (this.tab === "catalogue") body.workload = this.chosen.name;
    for (const flag of Object.keys(FLAGS)) body[flag] = this.controls[flag].checked;
    for (const group of this.#shown()) {
      const values = group.read();
      if (!values) return this.#reveal(group), group.read();
      Object.assign(body, values);
    }
    return body;
  }

  /** The values to remember. */
  typed() {
    const flags = Object.fromEntries(Object.keys(FLAGS).map((flag) => [flag, this.controls[flag].checked]));
    return { ...Object.assign({}, ...this.#shown().map(({ typed }) => typed)), ...flags, start_method: this.controls.start_method.value };
  }

  /** Show a problem at its field, else at the foot; the error of a launch also when the dialog was closed. @param {string} problem @param {any} error */
  complain(problem, error = null) {
    if (error && !this.dialog.open) complain("Could not launch.", error);
    const path = error?.status === 422 ? error.field : null;
    const shown = this.#shown();
    for (const group of shown) group.complain("");
    const owner = (path && shown.find((group) => group.owns(path))) || shown[0];
    this.#reveal(problem && owner);
    owner.complain(problem, path);
  }

  #shown() {
    const { parameters, code, ...rest } = this.#groups;
    return [this.tab === "code" ? code : parameters, ...Object.values(rest)];
  }

  #reveal(group) {
    if (group === this.#groups.options) part(this.dialog, "more").open = true;
  }

  #restore(defaults, remembered) {
    const policy = defaults.restart?.policy ?? defaults.restart;
    const values = { ...defaults, ...(policy && { "restart.policy": policy }), ...remembered };
    for (const group of this.#shown()) group.restore(values);
    for (const [flag, fallback] of Object.entries(FLAGS)) this.controls[flag].checked = values[flag] ?? fallback;
    this.controls.start_method.value = values.start_method ?? "forkserver";
  }
}
