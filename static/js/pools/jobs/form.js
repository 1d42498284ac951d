/** The form for a job: its fields depend on the function, the method and how the items are given. */

import { FormFields } from "../../widgets/formfields.js";
import { JSON_ARGUMENTS } from "../../widgets/codefields.js";
import { CHUNKSIZE, isApply, isStar, list, METHODS, OWN, RANGE } from "./fields.js";
import { fill, part, setText } from "../../dom/dom.js";

const OWN_CODE = "";

export class SubmitForm {
  #functions = [];
  #own = new Option("", OWN_CODE);

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    const { method, function: chosen, items } = form.elements;
    Object.assign(this, { method, chosen, items, fields: new FormFields(part(form, "fields"), part(form, "problem")) });
    method.append(...Object.keys(METHODS).map((name) => new Option(name, name)));
    chosen.addEventListener("change", () => this.choose(chosen.value));
    method.addEventListener("change", () => this.#showFields());
    for (const one of items) one.addEventListener("change", () => this.#showFields());
  }

  /** @param {object[]} functions of the catalogue */
  offer(functions) {
    this.#functions = functions;
    this.chosen.replaceChildren(...functions.map(({ name, title }) => new Option(title && title !== name ? `${name} · ${title}` : name, name)), this.#own);
  }

  /** @param {boolean} own whether the user's own functions may be run */
  allow(own) {
    this.#own.disabled = !own;
    setText(this.#own, own ? "Your module:function…" : "Your module:function (disabled)");
  }

  /** Choose a function and fill in its example. @param {string} name */
  choose(name) {
    this.chosen.value = name;
    const { description = "Your function, imported in the workers.", look_at = "", example = {} } = this.#function ?? {};
    fill(this.form, { description, look_at });
    part(this.form, "look").hidden = !look_at;
    this.method.value = example.method ?? "map";
    this.items.value = Array.isArray(example.iterable) ? "list" : "range";
    this.#showFields(example);
  }

  /** Return the body of the request, or null if a value is invalid. */
  read() {
    const body = this.fields.read();
    if (!body) return null;
    const { start, stop, step } = body.iterable ?? {};
    if (this.#ranged) body.iterable = { range: [start, stop, step] };
    return { function: this.chosen.value, ...body, method: this.method.value };
  }

  /** Show a problem at its field, else at the foot. @param {string} problem @param {string|null} field */
  complain(problem, field = null) {
    const own = this.fields.field(field) ? null : field;
    for (const name of ["method", "function"]) {
      const [control, wrong] = [this.form.elements[name], part(this.form, `wrong-${name}`)];
      wrong.hidden = own !== name;
      setText(wrong, own === name ? problem : "");
      own === name ? control.setAttribute("aria-invalid", "true") : control.removeAttribute("aria-invalid");
      if (own === name) control.focus();
    }
    if (own === "method" || own === "function") return this.fields.complain("");
    this.fields.complain(problem, field);
  }

  get #function() {
    return this.#functions.find(({ name }) => name === this.chosen.value);
  }

  get #ranged() {
    return !isApply(this.method.value) && !isStar(this.method.value) && this.items.value === "range";
  }

  /** Show the fields; without an example the typed values are kept. */
  #showFields(example = null) {
    const method = this.method.value;
    fill(this.form, { means: METHODS[method] });
    part(this.form, "items").hidden = isApply(method) || isStar(method);
    const own = this.chosen.value === OWN_CODE ? OWN : [];
    const given = isApply(method) ? this.#arguments(example ?? {}) : [...this.#items(example ?? {}), { ...CHUNKSIZE, default: example?.chunksize ?? "" }];
    this.fields.show([...own, ...given], !example);
    this.complain("");
  }

  /** Return the parameters of a function of the catalogue; JSON fields for another function. */
  #arguments({ args, kwargs }) {
    const { parameters } = this.#function ?? {};
    if (!parameters) return JSON_ARGUMENTS;
    return parameters.map((one, at) => ({ ...one, path: `kwargs.${one.name}`, default: args?.[at] ?? kwargs?.[one.name] ?? one.default }));
  }

  #items({ iterable }) {
    if (!this.#ranged) return [{ ...list(isStar(this.method.value)), default: Array.isArray(iterable) ? iterable : "" }];
    return RANGE.map((one, at) => ({ ...one, default: iterable?.range?.[at] ?? one.default }));
  }
}
