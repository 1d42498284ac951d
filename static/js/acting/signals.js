/** The menu of signals: any of them to one process, with pid and start time in sight; choosing and Enter is the consent. */

import { identity } from "./processes.js";
import { post } from "../state/api.js";
import { open } from "../widgets/dialogs.js";
import { whyNot } from "../words/verbs.js";
import { store } from "../state/store.js";
import { fill, part, say, stamp } from "../dom/template.js";
import { complain, toast } from "../widgets/toasts.js";

const SIGNALS = [
  ["SIGINT", "what Ctrl-C sends: KeyboardInterrupt in Python"],
  ["SIGTERM", "a request to end; it may be ignored"],
  ["SIGHUP", "the terminal is gone; ends, unless handled"],
  ["SIGUSR1", "whatever the program made of it; ends, unless handled"],
  ["SIGUSR2", "the same, a second one"],
  ["SIGQUIT", "ends with a core dump, unless handled"],
  ["SIGABRT", "as abort() does: ends with a core dump"],
  ["SIGSTOP", "stops it where it stands; cannot be handled"],
  ["SIGCONT", "lets what is stopped go on"],
  ["SIGKILL", "ends it at once, without its descendants; cannot be handled"],
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
  fill(dialog, { title: `Send a signal to ${process.name}`, who: identity(process) });
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

const label = (dialog) => say(dialog.querySelector('[data-text="label"]'), `Send ${chosen(dialog)}`);

async function send(process, signal) {
  try {
    await post(`/api/v1/processes/${process.id}/signal`, { signal, pid: process.pid });
    toast({ title: process.name, text: `was sent ${signal}.` });
  } catch (error) {
    complain(`${process.name}: ${signal} was not sent.`, error);
  }
}
