/** The fields that every launch has, described as the catalogue describes parameters. */

export const NAME = {
  name: "name", label: "Name", type: "str", default: "", optional: true, wide: true, placeholder: "as the workload is called",
  help: "shown in the list; Process(name=…)",
};

export const COUNT = { name: "count", label: "How many", type: "int", default: 1, minimum: 1, maximum: 1000, help: "" };

export const OPTIONS = [
  { name: "grace_s", label: "Grace", type: "float", default: "", optional: true, minimum: 0, maximum: 3600, placeholder: "5",
    help: "seconds from SIGTERM to SIGKILL" },
  { name: "stuck_after_s", label: "Stuck after", type: "float", default: "", optional: true, minimum: 1, maximum: 86400, placeholder: "30",
    help: "seconds without a sign of progress" },
  { name: "restart.policy", label: "Restart", type: "str", default: "never", choices: ["never", "on-failure", "always"],
    help: "by itself, with growing pauses; what we stop is not restarted" },
  { name: "restart.limit", label: "Restart at most", type: "int", default: 5, minimum: 1, maximum: 1000,
    help: "times in a row, then it is fatal" },
];

export const CODE = [
  { name: "target", label: "Function", type: "str", default: "", wide: true, placeholder: "package.module:function",
    pattern: /^[^\s:]+:[^\s:]+$/, pattern_help: "must be module:function, such as resize:worker", help: "what the process runs" },
  { name: "path", label: "Folder", type: "str", default: "", optional: true, wide: true, placeholder: "/home/me/project",
    help: "where the module is found; your own packages there may have any name" },
  { name: "args", label: "Arguments", type: "json-list", default: "", wide: true, placeholder: '["disk", 3]', help: "a JSON list" },
  { name: "kwargs", label: "Keyword arguments", type: "json-object", default: "", wide: true, placeholder: '{"retries": 2}', help: "a JSON object" },
];
