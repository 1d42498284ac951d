/** A form field: label, control, help, and a problem that is shown while typing. */

import { bounds, check } from "./check.js";
import { fill, part, setText, stamp } from "../dom/dom.js";

const NUMBERS = new Set(["int", "integer", "float", "number"]);
let made = 0;

export class Field {
  /** @param {object} parameter its description, as in the catalogue @param {string} path its name in the request, e.g. params.seconds */
  constructor(parameter, path) {
    this.parameter = parameter;
    this.path = path;
    this.node = stamp(kind(parameter));
    this.control = this.node.querySelector("input, select");
    this.#dress();
    this.control.addEventListener("input", () => this.check());
  }

  get typed() {
    return this.control.type === "checkbox" ? this.control.checked : this.control.value;
  }

  set typed(value) {
    if (this.control.type === "checkbox") this.control.checked = Boolean(value);
    else this.control.value = value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  }

  /** Check the input and show the problem. @returns {{value?: any, problem?: string}} */
  check() {
    const found = check(this.parameter, this.typed);
    this.complain(found.problem ?? "");
    return found;
  }

  /** @param {string} problem "" removes it */
  complain(problem) {
    const wrong = part(this.node, "wrong");
    wrong.hidden = !problem;
    setText(wrong, problem ? `${this.parameter.label ?? this.parameter.name}${problem.startsWith("must") ? "" : ":"} ${problem}` : "");
    this.node.classList.toggle("invalid", Boolean(problem));
    problem ? this.control.setAttribute("aria-invalid", "true") : this.control.removeAttribute("aria-invalid");
  }

  #dress() {
    const { name, label, help, type, choices, placeholder } = this.parameter;
    const id = `field-${(made += 1)}`;
    this.node.dataset.field = this.path;
    this.control.id = id;
    this.control.name = `field:${this.path}`;
    const range = NUMBERS.has(type) && !choices?.length ? bounds(this.parameter) : "";
    fill(this.node, { label: label ?? name, help: [help, range].filter(Boolean).join("; ") });
    this.node.querySelector("label").htmlFor = id;
    const [helps, wrong] = [this.node.querySelector(".help"), part(this.node, "wrong")];
    [helps.id, wrong.id] = [`${id}-help`, `${id}-wrong`];
    this.control.setAttribute("aria-describedby", `${helps.id} ${wrong.id}`);
    if (choices?.length) this.control.append(...choices.map((one) => new Option(one, one)));
    if (NUMBERS.has(type)) this.control.inputMode = type.startsWith("int") ? "numeric" : "decimal";
    if (placeholder) this.control.placeholder = placeholder;
    this.node.classList.toggle("wide", Boolean(this.parameter.wide) || (type.startsWith("str") && !choices?.length));
    this.typed = this.parameter.default;
  }
}

function kind({ type, choices }) {
  if (choices?.length) return "choice";
  return type.startsWith("bool") ? "flag" : "field";
}
