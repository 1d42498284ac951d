/** Shows the finding of a process, with its traceback; called again while its words count seconds. */

import { finding } from "./finding.js";
import { detailHref } from "./router.js";
import { store } from "./store.js";
import { element, fill, part } from "./template.js";

/** @param {HTMLElement} root @param {object} process @param {number} now */
export function showFinding(root, process, now) {
  const box = part(root, "finding");
  const found = finding(process, now, nameOf);
  box.hidden = !found;
  if (!found) return;
  box.dataset.tone = found.tone;
  fill(box, { title: found.title, trace: found.trace ?? "" });
  const place = part(box, "words");
  if (place.textContent !== found.text) place.replaceChildren(...linked(found.text));
  const trace = part(box, "trace");
  trace.hidden = !found.trace;
  if (trace.dataset.of === process.id) return;
  trace.dataset.of = process.id;
  trace.open = Boolean(found.open);
}

/** The words, with each pid that we know as a link to where it is shown. */
function linked(text) {
  return text.split(/\b(\d{2,7})\b/).map((piece, at) => {
    const shown = at % 2 ? where(Number(piece)) : null;
    if (!shown) return piece;
    const link = element("a", "", piece);
    link.href = shown;
    return link;
  });
}

function where(pid) {
  for (const one of store.processes.values()) if (one.pid === pid) return detailHref(one.id);
  for (const one of store.descendants.values()) if (one.pid === pid && one.root) return detailHref(one.root, "descendants");
  return null;
}

function nameOf(pid) {
  for (const one of store.descendants.values()) if (one.pid === pid) return one.name;
  return "";
}
