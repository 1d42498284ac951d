/** The fields of a job: which there are depends on the function, the method and how the items are given. */

import { FormFields } from "../../widgets/formfields.js";
import { CHUNKSIZE, isApply, isStar, JSON_ARGS, list, METHODS, OWN, RANGE } from "./fields.js";
import { element, fill, part, say } from "../../dom/template.js";

export const OWN_CODE = "";

export class SubmitForm {
  #functions = [];
  #own = option(OWN_CODE, "");

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    const { method, function: chosen, items } = form.elements;
    Object.assign(this, { method, chosen, items, fields: new FormFields(part(form, "fields"), part(form, "problem")) });
    method.append(...Object.keys(METHODS).map((name) => option(name, name)));
    chosen.addEventListener("change", () => this.choose(chosen.value));
    method.addEventListener("change", () => this.#layOut());
    for (const one of items) one.addEventListener("change", () => this.#layOut());
  }

  /** @param {object[]} functions of the catalogue */
  offer(functions) {
    this.#functions = functions;
    this.chosen.replaceChildren(...functions.map(({ name, title }) => option(name, title && title !== name ? `${name} · ${title}` : name)), this.#own);
  }

  /** @param {boolean} own whether one's own code may be run */
  allow(own) {
    this.#own.disabled = !own;
    say(this.#own, own ? "my own module:function …" : "my own module:function (switched off)");
  }

  /** Choose a function and fill the form with its example. @param {string} name */
  choose(name) {
    this.chosen.value = name;
    const { description = "Your function, imported in the workers.", look_at = "", example = {} } = this.#function ?? {};
    fill(this.form, { description, look_at });
    part(this.form, "look").hidden = !look_at;
    this.method.value = example.method ?? "map";
    this.items.value = Array.isArray(example.iterable) ? "list" : "range";
    this.#layOut(example);
  }

  /** What to send, or null where something is wrong. */
  read() {
    const body = this.fields.read();
    if (!body) return null;
    const { start, stop, step } = body.iterable ?? {};
    if (this.#ranged) body.iterable = { range: [start, stop, step] };
    return { function: this.chosen.value, ...body, method: this.method.value };
  }

  /** Put what the server objects to where it belongs. @param {string} problem @param {string|null} field */
  complain(problem, field = null) {
    const own = this.fields.field(field) ? null : field;
    for (const name of ["method", "function"]) {
      const [control, wrong] = [this.form.elements[name], part(this.form, `wrong-${name}`)];
      wrong.hidden = own !== name;
      say(wrong, own === name ? problem : "");
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

  /** Another function brings its example; another method keeps what was typed. */
  #layOut(example = null) {
    const method = this.method.value;
    fill(this.form, { means: METHODS[method] });
    part(this.form, "items").hidden = isApply(method) || isStar(method);
    const own = this.chosen.value === OWN_CODE ? OWN : [];
    const given = isApply(method) ? this.#arguments(example ?? {}) : [...this.#items(example ?? {}), { ...CHUNKSIZE, default: example?.chunksize ?? "" }];
    this.fields.show([...own, ...given], !example);
    this.complain("");
  }

  /** The parameters of a function of the catalogue, else JSON. */
  #arguments({ args, kwargs }) {
    const { parameters } = this.#function ?? {};
    if (!parameters) return JSON_ARGS;
    return parameters.map((one, at) => ({ ...one, path: `kwargs.${one.name}`, default: args?.[at] ?? kwargs?.[one.name] ?? one.default }));
  }

  #items({ iterable }) {
    if (!this.#ranged) return [{ ...list(isStar(this.method.value)), default: Array.isArray(iterable) ? iterable : "" }];
    return RANGE.map((one, at) => ({ ...one, default: iterable?.range?.[at] ?? one.default }));
  }
}

function option(value, label) {
  const made = element("option", "", label);
  made.value = value;
  return made;
}
