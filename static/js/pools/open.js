/** The dialog that opens a pool. */

import { DEFAULTS, LIMITS, post } from "../state/api.js";
import { open } from "../widgets/dialogs.js";
import { FormFields } from "../widgets/formfields.js";
import { go, poolHref } from "../state/router.js";
import { onPress, part, setText } from "../dom/dom.js";

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("open-pool"));
const FIELDS = [
  { name: "name", label: "Name", type: "str", default: "", optional: true, wide: true, placeholder: "pool", help: "" },
  { name: "processes", label: "Workers", type: "int", default: 4, optional: true, minimum: 1, maximum: LIMITS.MAX_POOL_WORKERS, placeholder: "one per CPU",
    help: "Pool(processes=…)" },
  { name: "start_method", label: "Start method", type: "str", default: "forkserver", choices: ["forkserver", "spawn", "fork"], help: "for the workers" },
  { name: "maxtasksperchild", label: "Tasks per worker", type: "int", default: "", optional: true, minimum: 1, placeholder: "no limit",
    help: "a worker is replaced after this many tasks" },
  { name: "retries", label: "Retries", type: "int", default: 0, minimum: 0, maximum: LIMITS.MAX_TASK_RETRIES, help: "of a task whose worker died" },
  { name: "stuck_after_s", label: "Stuck after", type: "float", default: DEFAULTS.pool_stuck_after_s, optional: true, minimum: LIMITS.MIN_STUCK_AFTER_S, maximum: LIMITS.MAX_SECONDS, placeholder: "never",
    help: "seconds on one task until a worker counts as stuck" },
];
const fields = new FormFields(part(dialog, "fields"), part(dialog, "problem"));

/** Follow the buttons that open it. */
export function startPoolDialog() {
  dialog.querySelector("form").addEventListener("submit", submit);
  onPress(document, "[data-open-pool]", openPoolDialog);
}

/** Open the dialog with the last values. */
export function openPoolDialog() {
  fields.show(FIELDS, true);
  fields.complain("");
  open(dialog);
  fields.field("name").control.focus();
}

async function submit(event) {
  event.preventDefault();
  const spec = fields.read();
  const button = part(dialog, "go");
  if (!spec || button.disabled) return;
  // An empty field means no limit, which is not the default.
  if (!("stuck_after_s" in spec)) spec.stuck_after_s = null;
  button.disabled = true;
  setText(button.firstElementChild, "Opening…");
  try {
    const pool = await post("/api/v1/pools", spec);
    dialog.close();
    go(poolHref(pool.id));
  } catch (error) {
    fields.complain(error.detail ?? error.message, error.field);
  } finally {
    button.disabled = false;
    setText(button.firstElementChild, "Open");
  }
}
