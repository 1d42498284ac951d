/** The tab with the stack: taken at once when the tab opens, compared with the one before, copied with a click. */

import { post } from "../state/api.js";
import { clock, span } from "../words/format.js";
import { route } from "../state/router.js";
import { store } from "../state/store.js";
import { element, fill, part, say } from "../dom/template.js";
import { complain, toast } from "../widgets/toasts.js";

const SOURCES = {
  faulthandler: "Written by the process itself (faulthandler, on a signal).",
  "py-spy": "Read from outside (py-spy): the process was not asked.",
  proc: "Only what the kernel tells (/proc): no Python stack could be had.",
};
const last = new Map();

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function open(panel, id) {
  const pid = Number(route().params.get("pid")) || null;
  fill(panel, { whose: pid ? `of its descendant ${pid}` : "" });
  return openStack(panel, id, { pid, now: true });
}

/** The stack of a process, or with `pid` of one below it; `now`: take it at once. @returns {() => void} close */
export function openStack(panel, id, { pid, now }) {
  let closed = false;
  const ask = () => take(panel, id, pid, () => closed);
  part(panel, "take").addEventListener("click", ask);
  part(panel, "copy").addEventListener("click", () => copy(panel));
  const gone = store.seq !== null && !store.processes.get(id)?.alive;
  if (gone) fill(panel, { source: "There is no process to look into: it does not run." });
  else if (now) ask();
  else fill(panel, { take: "Take the stack" });
  return () => { closed = true; };
}

async function take(panel, id, pid, closed) {
  const button = part(panel, "take");
  if (button.disabled) return;
  button.disabled = true;
  fill(panel, { source: "Looking …" });
  try {
    const found = await post(`/api/v1/processes/${id}/stack`, pid ? { pid } : {});
    if (!closed()) show(panel, `${id}/${pid}`, found);
  } catch (error) {
    if (!closed()) fill(panel, { source: `No stack: ${error.detail ?? error.message}` });
  } finally {
    button.disabled = false;
  }
}

function show(panel, key, { source, text, notes = [] }) {
  const now = store.now();
  fill(panel, { take: "Take the stack again", source: `${SOURCES[source] ?? source} Taken at ${clock(now)}. ${compared(last.get(key), text, now)}`.trim() });
  last.set(key, { text, at: last.get(key)?.text === text ? last.get(key).at : now });
  const pre = part(panel, "text");
  say(pre, text);
  pre.hidden = !text;
  part(panel, "copy").disabled = !text;
  const list = part(panel, "notes");
  list.hidden = !notes.length;
  list.replaceChildren(...notes.map((one) => element("li", "", one)));
}

function compared(before, text, now) {
  if (!before) return "";
  return before.text === text ? `The same as ${span(now - before.at)} ago: it has not moved.` : "It has moved since the one before.";
}

async function copy(panel) {
  try {
    await navigator.clipboard.writeText(part(panel, "text").textContent);
    toast({ title: "The stack was copied." });
  } catch (error) {
    getSelection().selectAllChildren(part(panel, "text"));
    complain("The browser does not allow copying; the stack is selected instead.", error);
  }
}
