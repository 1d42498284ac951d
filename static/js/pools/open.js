/** The dialog that opens a pool. */

import { post } from "../state/api.js";
import { open } from "../widgets/dialogs.js";
import { FormFields } from "../widgets/formfields.js";
import { go, poolHref } from "../state/router.js";
import { part, say } from "../dom/template.js";

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("open-pool"));
const FIELDS = [
  { name: "name", label: "Name", type: "str", default: "", optional: true, wide: true, placeholder: "pool", help: "shown in the lists" },
  { name: "processes", label: "Workers", type: "int", default: 4, optional: true, minimum: 1, maximum: 256, placeholder: "one per CPU",
    help: "Pool(processes=…)" },
  { name: "start_method", label: "Start method", type: "str", default: "forkserver", choices: ["forkserver", "spawn", "fork"], help: "of the workers" },
  { name: "maxtasksperchild", label: "Tasks per worker", type: "int", default: "", optional: true, minimum: 1, placeholder: "no limit",
    help: "after so many a fresh worker takes its place" },
  { name: "retries", label: "Retries", type: "int", default: 0, minimum: 0, maximum: 100, help: "of a task whose worker ended" },
  { name: "stuck_after_s", label: "Stuck after", type: "float", default: 10, optional: true, minimum: 1, maximum: 86400, placeholder: "never",
    help: "seconds with one task before a worker is called stuck" },
];
const fields = new FormFields(part(dialog, "fields"), part(dialog, "problem"));

/** Follow the buttons that ask for it. */
export function startOpening() {
  dialog.querySelector("form").addEventListener("submit", submit);
  part(dialog, "close").addEventListener("click", () => dialog.close());
  document.addEventListener("click", (event) => event.target.closest("[data-open-pool]") && openDialog());
}

/** Show it, with what was typed the last time. */
export function openDialog() {
  fields.show(FIELDS.map((one) => ({ ...one, path: one.name })), true);
  fields.complain("");
  open(dialog);
  fields.focus("name");
}

async function submit(event) {
  event.preventDefault();
  const spec = fields.read();
  const button = part(dialog, "go");
  if (!spec || button.disabled) return;
  // An empty limit means none, which is not the default.
  if (!("stuck_after_s" in spec)) spec.stuck_after_s = null;
  button.disabled = true;
  say(button.firstElementChild, "Opening …");
  try {
    const pool = await post("/api/v1/pools", spec);
    dialog.close();
    go(poolHref(pool.id));
  } catch (error) {
    fields.complain(error.detail ?? error.message, error.field);
  } finally {
    button.disabled = false;
    say(button.firstElementChild, "Open");
  }
}
