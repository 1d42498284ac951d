/** The eight methods of a pool, and the fields that each needs.  Pure. */

import { functionFields } from "../../widgets/codefields.js";

/** What each method does. @type {Record<string, string>} */
export const METHODS = {
  map: "Calls the function once per item; returns all results in order.",
  map_async: "Like map, without blocking.",
  imap: "Calls the function once per item, lazily; yields results in order.",
  imap_unordered: "Like imap; yields results as they complete.",
  starmap: "Like map; each item is a list of arguments.",
  starmap_async: "Like starmap, without blocking.",
  apply: "Calls the function once with these arguments.",
  apply_async: "Like apply, without blocking.",
};

export const isApply = (method) => method.startsWith("apply");
export const isStar = (method) => method.startsWith("starmap");

export const OWN = functionFields({ path: "function", label: "module:function", example: "resize:thumbnail", help: "imported in the workers" });

export const RANGE = [
  { path: "iterable.start", name: "start", label: "From", type: "int", default: 0, help: "range(from, to, step)" },
  { path: "iterable.stop", name: "stop", label: "To", type: "int", default: 100, help: "exclusive" },
  { path: "iterable.step", name: "step", label: "Step", type: "int", default: 1, help: "" },
];

/** @param {boolean} star */
export const list = (star) => ({
  path: "iterable", name: "iterable", label: "Items", type: "json-list", default: "", wide: true,
  placeholder: star ? "[[2, 3], [5, 7]]" : "[1, 2, 3]", help: star ? "a JSON array of argument arrays" : "a JSON array",
});

export const CHUNKSIZE = {
  path: "chunksize", name: "chunksize", label: "Chunksize", type: "int", default: "", optional: true, minimum: 1, placeholder: "automatic",
  help: "items per task; they are lost together",
};
