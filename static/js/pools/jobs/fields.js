/** What a job can be made of: the eight methods, and the fields that each of them needs.  Pure. */

/** What each does, in a sentence. @type {Record<string, string>} */
export const METHODS = {
  map: "One call for each item; the results come together, in order.",
  map_async: "As map, without waiting for it.",
  imap: "One call for each item, asked for one by one; the results in order as they come.",
  imap_unordered: "As imap, the results in the order in which they are ready.",
  starmap: "As map, each item being a list of arguments.",
  starmap_async: "As starmap, without waiting for it.",
  apply: "One call with these arguments.",
  apply_async: "As apply, without waiting for it.",
};

export const isApply = (method) => method.startsWith("apply");
export const isStar = (method) => method.startsWith("starmap");

export const OWN = [
  { path: "function", name: "function", label: "module:function", type: "str", default: "", wide: true, placeholder: "package.module:function",
    pattern: /^[^\s:]+:[^\s:]+$/, pattern_help: "must be module:function, such as resize:thumbnail", help: "imported in the workers" },
  { path: "path", name: "path", label: "Folder", type: "str", default: "", optional: true, wide: true, placeholder: "/home/me/project",
    help: "where the module is found" },
];

export const JSON_ARGS = [
  { path: "args", name: "args", label: "Arguments", type: "json-list", default: "", wide: true, placeholder: '["disk", 3]', help: "a JSON list" },
  { path: "kwargs", name: "kwargs", label: "Keyword arguments", type: "json-object", default: "", wide: true, placeholder: '{"retries": 2}', help: "a JSON object" },
];

export const RANGE = [
  { path: "iterable.start", name: "start", label: "From", type: "int", default: 0, help: "range(from, to, step)" },
  { path: "iterable.stop", name: "stop", label: "To", type: "int", default: 100, help: "not included" },
  { path: "iterable.step", name: "step", label: "Step", type: "int", default: 1, help: "" },
];

/** @param {boolean} star */
export const list = (star) => ({
  path: "iterable", name: "iterable", label: "Items", type: "json-list", default: "", wide: true,
  placeholder: star ? "[[2, 3], [5, 7]]" : "[1, 2, 3]", help: star ? "a JSON list of lists of arguments" : "a JSON list",
});

export const CHUNKSIZE = {
  path: "chunksize", name: "chunksize", label: "Chunksize", type: "int", default: "", optional: true, minimum: 1, placeholder: "the method's own",
  help: "items per task, which are lost together",
};
