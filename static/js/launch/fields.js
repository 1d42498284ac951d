/** The fields of every launch, described as in the catalogue. */

import { DEFAULTS, LIMITS } from "../state/api.js";
import { functionFields, JSON_ARGUMENTS } from "../widgets/codefields.js";

export const NAME = { name: "name", label: "Name", type: "str", default: "", optional: true, wide: true, help: "Process(name=…)" };

export const COUNT = { name: "count", label: "Count", type: "int", default: 1, minimum: 1, maximum: LIMITS.MAX_LAUNCHED, help: "" };

export const OPTIONS = [
  { name: "grace_s", label: "Grace period", type: "float", default: "", optional: true, minimum: 0, maximum: LIMITS.MAX_GRACE_S, placeholder: String(DEFAULTS.grace_s),
    help: "seconds from SIGTERM to SIGKILL" },
  { name: "stuck_after_s", label: "Stuck after", type: "float", default: "", optional: true, minimum: LIMITS.MIN_STUCK_AFTER_S, maximum: LIMITS.MAX_SECONDS, placeholder: String(DEFAULTS.stuck_after_s),
    help: "seconds without progress" },
  { name: "restart.policy", label: "Restart", type: "str", default: "never", choices: ["never", "on-failure", "always"],
    help: "automatic restart, with increasing delays" },
  { name: "restart.limit", label: "Restart limit", type: "int", default: DEFAULTS.restart_limit, minimum: 1, maximum: LIMITS.MAX_RESTARTS,
    help: "restarts in a row before giving up" },
];

export const CODE = [...functionFields({ path: "target", label: "Function", example: "resize:worker", help: "what the process runs" }), ...JSON_ARGUMENTS];
