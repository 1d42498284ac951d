/** Shows the finding of a process, with its traceback; called again while its words count seconds. */

import { finding } from "./finding.js";
import { store } from "./store.js";
import { fill, part } from "./template.js";

/** @param {HTMLElement} root @param {object} process @param {number} now */
export function showFinding(root, process, now) {
  const box = part(root, "finding");
  const found = finding(process, now, nameOf);
  box.hidden = !found;
  if (!found) return;
  box.dataset.tone = found.tone;
  fill(box, { title: found.title, text: found.text, trace: found.trace ?? "" });
  const trace = part(box, "trace");
  trace.hidden = !found.trace;
  if (trace.dataset.of === process.id) return;
  trace.dataset.of = process.id;
  trace.open = process.state === "fatal";
}

function nameOf(pid) {
  for (const one of store.descendants.values()) if (one.pid === pid) return one.name;
  return "";
}
