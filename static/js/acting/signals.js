/** The dialog that sends a signal to a process, with its pid and start time; Enter sends it. */

import { identity } from "./processes.js";
import { post } from "../state/api.js";
import { open } from "../widgets/dialogs.js";
import { whyNot } from "../words/verbs.js";
import { store } from "../state/store.js";
import { fill, part, setText, stamp } from "../dom/dom.js";
import { attempt, toast } from "../widgets/toasts.js";

const SIGNALS = [
  ["SIGINT", "Ctrl-C; KeyboardInterrupt in Python"],
  ["SIGTERM", "requests exit; can be ignored"],
  ["SIGHUP", "terminal closed; terminates unless handled"],
  ["SIGUSR1", "user-defined; terminates unless handled"],
  ["SIGUSR2", "user-defined; terminates unless handled"],
  ["SIGQUIT", "terminates with a core dump unless handled"],
  ["SIGABRT", "as by abort(); terminates with a core dump"],
  ["SIGSTOP", "stops the process; cannot be handled"],
  ["SIGCONT", "resumes a stopped process"],
  ["SIGKILL", "kills this process only; cannot be handled"],
];

/** @param {string} id @param {any} anchor */
export async function chooseSignal(id, anchor) {
  const process = store.processes.get(id);
  if (!process) return;
  const dialog = prepare(process);
  open(dialog, anchor);
  dialog.querySelector("input:checked")?.focus();
  const sent = await new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes" ? chosen(dialog) : ""), { once: true });
  });
  if (sent) await send(process, sent);
}

function prepare(process) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("signal"));
  const choices = part(dialog, "choices");
  if (choices.children.length < 2) choices.append(...SIGNALS.map(choice));
  choices.querySelector("input").checked = true;
  const form = dialog.querySelector("form");
  form.elements.other.value = "";
  form.oninput = () => label(dialog);
  dialog.returnValue = "";
  fill(dialog, { title: `Send signal to ${process.name}`, who: identity(process) });
  label(dialog);
  const reason = whyNot("signal", process, store.role);
  part(dialog, "yes").disabled = Boolean(reason);
  part(dialog, "yes").title = reason;
  return dialog;
}

function choice([name, text]) {
  const row = stamp("signal");
  row.querySelector("input").value = name;
  fill(row, { name, text });
  return row;
}

function chosen(dialog) {
  const form = dialog.querySelector("form");
  return form.elements.other.value.trim().toUpperCase() || form.elements.signal.value;
}

const label = (dialog) => setText(dialog.querySelector('[data-text="label"]'), `Send ${chosen(dialog)}`);

function send(process, signal) {
  return attempt(`Could not send ${signal} to ${process.name}.`, async () => {
    await post(`/api/v1/processes/${process.id}/signal`, { signal, pid: process.pid });
    toast({ title: process.name, text: `${signal} sent.` });
  });
}
