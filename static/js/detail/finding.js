/** Shows the finding of a process with its traceback; called again while its text counts seconds. */

import { finding } from "../words/finding.js";
import { programFinding } from "../words/holding.js";
import { linked } from "../words/linking.js";
import { processWithPid } from "../words/pids.js";
import { fill, part } from "../dom/dom.js";

/** @param {HTMLElement} root @param {object} process @param {number} now */
export function showFinding(root, process, now) {
  const box = part(root, "finding");
  const found = foundIn(process, now);
  box.hidden = !found;
  if (!found) return;
  box.dataset.tone = found.tone;
  fill(box, { title: found.title, trace: found.trace ?? "" });
  const place = part(box, "words");
  if (place.textContent !== found.text) place.replaceChildren(...linked(found.text, found.resources));
  const trace = part(box, "trace");
  trace.hidden = !found.trace;
  if (trace.dataset.of === process.id) return;
  trace.dataset.of = process.id;
  trace.open = Boolean(found.open);
}

/** A blocking finding of its program explains why a process makes no progress, so it comes first. */
function foundIn(process, now) {
  const own = finding(process, now, (pid) => processWithPid(pid)?.name ?? "");
  return !own || own.tone === "warn" ? programFinding(process) ?? own : own;
}
