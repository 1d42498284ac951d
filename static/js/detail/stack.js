/** The Stack tab: captured when the tab opens, compared with the previous stack. */

import { post } from "../state/api.js";
import { clock, duration } from "../words/format.js";
import { route } from "../state/router.js";
import { store } from "../state/store.js";
import { element, fill, part, setText } from "../dom/dom.js";
import { complain, toast } from "../widgets/toasts.js";

const SOURCES = {
  faulthandler: "Captured by faulthandler in the process.",
  "py-spy": "Captured with py-spy.",
  proc: "Read from /proc: no Python stack available.",
};
const last = new Map();

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function open(panel, id) {
  const pid = Number(route().params.get("pid")) || null;
  fill(panel, { whose: pid ? `of descendant ${pid}` : "" });
  return openStack(panel, id, { pid, now: true });
}

/** Show the stack of a process, or with `pid` of one below it; `now`: capture it at once. @returns {() => void} close */
export function openStack(panel, id, { pid, now }) {
  let closed = false;
  const refresh = () => capture(panel, id, pid, () => closed);
  part(panel, "capture").addEventListener("click", refresh);
  part(panel, "copy").addEventListener("click", () => copy(panel));
  const gone = store.seq !== null && !store.processes.get(id)?.alive;
  if (gone) fill(panel, { source: "The process is not running." });
  else if (now) refresh();
  else fill(panel, { capture: "Capture stack" });
  return () => { closed = true; };
}

async function capture(panel, id, pid, closed) {
  const button = part(panel, "capture");
  if (button.disabled) return;
  button.disabled = true;
  fill(panel, { source: "Capturing…" });
  try {
    const found = await post(`/api/v1/processes/${id}/stack`, pid ? { pid } : {});
    if (!closed()) show(panel, `${id}/${pid}`, found);
  } catch (error) {
    if (!closed()) fill(panel, { source: `Could not capture the stack: ${error.detail ?? error.message}` });
  } finally {
    button.disabled = false;
  }
}

function show(panel, key, { source, text, notes = [] }) {
  const now = store.now();
  fill(panel, { capture: "Refresh", source: `${SOURCES[source] ?? source} Taken at ${clock(now)}. ${compared(last.get(key), text, now)}`.trim() });
  last.set(key, { text, at: last.get(key)?.text === text ? last.get(key).at : now });
  const pre = part(panel, "text");
  setText(pre, text);
  pre.hidden = !text;
  part(panel, "copy").disabled = !text;
  const list = part(panel, "notes");
  list.hidden = !notes.length;
  list.replaceChildren(...notes.map((one) => element("li", "", one)));
}

function compared(before, text, now) {
  if (!before) return "";
  return before.text === text ? `Unchanged for ${duration(now - before.at)}.` : "Changed since the previous capture.";
}

async function copy(panel) {
  try {
    await navigator.clipboard.writeText(part(panel, "text").textContent);
    toast({ title: "Stack copied." });
  } catch (error) {
    getSelection().selectAllChildren(part(panel, "text"));
    complain("The browser blocked copying. The stack is selected instead.", error);
  }
}
