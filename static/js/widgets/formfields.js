/** Form fields made from descriptions: shows them, reads them, and shows what the server rejects. */

import { Field } from "./field.js";
import { setText } from "../dom/dom.js";

export class FormFields {
  /** @type {Field[]} */ #fields = [];

  /** @param {HTMLElement} place @param {HTMLElement} foot for a problem that belongs to no field */
  constructor(place, foot) {
    Object.assign(this, { place, foot });
  }

  /** @param {object[]} parameters descriptions; `path`, the name in the request, defaults to `name` @param {boolean} keep the values */
  show(parameters, keep = false) {
    const typed = keep ? this.typed : {};
    this.#fields = parameters.map((one) => new Field(one, one.path ?? one.name));
    this.restore(typed);
    this.place.replaceChildren(...this.#fields.map(({ node }) => node));
  }

  /** The values as typed, by path. @returns {Record<string, string|boolean>} */
  get typed() {
    return Object.fromEntries(this.#fields.map((field) => [field.path, field.typed]));
  }

  /** Set the values; a field without one gets its default. @param {Record<string, any>} values by path */
  restore(values) {
    for (const field of this.#fields) field.typed = values[field.path] ?? field.parameter.default;
  }

  /** @param {boolean} disabled */
  disable(disabled) {
    for (const { control } of this.#fields) control.disabled = disabled;
  }

  /** Return whether a problem with `path` belongs to these fields. @param {string} path */
  owns(path) {
    return Boolean(this.#nearest(path));
  }

  /** Return the values as the body of the request, or null if one is invalid: its field then has the focus. */
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

  /** Show a problem at its field, else at the foot. @param {string} problem @param {string|null} path */
  complain(problem, path = null) {
    const field = path ? this.#nearest(path) : null;
    for (const one of this.#fields) if (one !== field) one.complain("");
    this.foot.hidden = !problem || Boolean(field);
    setText(this.foot, field ? "" : problem);
    if (!field) return;
    field.complain(problem.replace(/^[\w.[\]]+: /, ""));
    field.control.focus();
  }

  /** Return the field for a path such as `args`, `kwargs.n` or `iterable.range[1]`, or one of the same parameter. */
  #nearest(path) {
    const whole = (name) => name.split(/[.[]/)[0];
    const inside = ({ path: own }) => path === own || path.startsWith(`${own}.`) || path.startsWith(`${own}[`);
    return this.#fields.find(inside) ?? this.#fields.find(({ path: own }) => whole(own) === whole(path));
  }
}

/** Set a path such as `restart.policy` in nested objects. @param {object} body @param {string} path @param {any} value */
function nest(body, path, value) {
  const names = path.split(".");
  const last = names.pop();
  const inner = names.reduce((place, name) => (place[name] ??= {}), body);
  inner[last] = value;
}
