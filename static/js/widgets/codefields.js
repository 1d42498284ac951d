/** The fields that name a function of the user and its arguments, described as in the catalogue. */

const MODULE_FUNCTION = /^[^\s:]+:[^\s:]+$/;

/** The fields that name a function of the user. @param {{path: string, label: string, example: string, help: string}} texts */
export const functionFields = ({ path, label, example, help }) => [
  { name: path, label, type: "str", default: "", wide: true, placeholder: "package.module:function",
    pattern: MODULE_FUNCTION, pattern_help: `must be module:function, such as ${example}`, help },
  { name: "path", label: "Folder", type: "str", default: "", optional: true, wide: true, placeholder: "/home/me/project",
    help: "where the module is imported from" },
];

export const JSON_ARGUMENTS = [
  { name: "args", label: "Arguments", type: "json-list", default: "", wide: true, placeholder: '["disk", 3]', help: "a JSON array" },
  { name: "kwargs", label: "Keyword arguments", type: "json-object", default: "", wide: true, placeholder: '{"retries": 2}', help: "a JSON object" },
];
