/** Fields of a form that are made from descriptions: shown, read, and told what the server objects to. */

import { Field } from "./field.js";
import { say } from "../dom/template.js";

export class FormFields {
  /** @type {Field[]} */ #fields = [];

  /** @param {HTMLElement} place @param {HTMLElement} foot for what belongs to no field */
  constructor(place, foot) {
    Object.assign(this, { place, foot });
  }

  /** @param {object[]} parameters as the catalogue has them, with `path`: the server's name @param {boolean} keep what was typed */
  show(parameters, keep = false) {
    const typed = new Map(keep ? this.#fields.map((field) => [field.path, field.typed]) : []);
    this.#fields = parameters.map((one) => new Field(one, one.path));
    for (const field of this.#fields) if (typed.has(field.path)) field.typed = typed.get(field.path);
    this.place.replaceChildren(...this.#fields.map(({ node }) => node));
  }

  /** What was typed, nested as the server wants it; null where something is wrong: that field then has the focus. */
  read() {
    const found = this.#fields.filter(({ node }) => !node.hidden).map((field) => [field, field.check()]);
    const wrong = found.find(([, { problem }]) => problem);
    if (wrong) wrong[0].control.focus();
    if (wrong) return null;
    const body = {};
    for (const [{ path }, { value }] of found) if (value !== undefined && value !== "") nest(body, path, value);
    return body;
  }

  /** @param {string} path @returns {Field|undefined} */
  field(path) {
    return this.#fields.find((one) => one.path === path);
  }

  /** @param {string} path */
  focus(path) {
    this.field(path)?.control.focus();
  }

  /** Put a complaint at its field, else at the foot. @param {string} problem @param {string|null} path */
  complain(problem, path = null) {
    const field = path ? this.#nearest(path) : null;
    for (const one of this.#fields) if (one !== field) one.complain("");
    this.foot.hidden = !problem || Boolean(field);
    say(this.foot, field ? "" : problem);
    if (!field) return;
    field.complain(problem.replace(/^[\w.[\]]+: /, ""));
    field.control.focus();
  }

  /** The field of a path such as `args`, `kwargs.n` or `iterable.range[1]`, or one of the same thing. */
  #nearest(path) {
    const whole = (name) => name.split(/[.[]/)[0];
    const inside = ({ path: own }) => path === own || path.startsWith(`${own}.`) || path.startsWith(`${own}[`);
    return this.#fields.find(inside) ?? this.#fields.find(({ path: own }) => whole(own) === whole(path));
  }
}

/** Set a path such as `restart.policy` in nested objects. @param {object} body @param {string} path @param {any} value */
export function nest(body, path, value) {
  const names = path.split(".");
  const last = names.pop();
  const inner = names.reduce((place, name) => (place[name] ??= {}), body);
  inner[last] = value;
}
