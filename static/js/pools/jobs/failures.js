/** The failed and lost tasks of a job, each with its arguments, worker and traceback. */

import { count } from "../../words/format.js";
import { Keyed } from "../../dom/rows.js";
import { taskName } from "../../words/tasks.js";
import { part, setText, setTexts } from "../../dom/dom.js";

const lists = new WeakMap();

/** @param {HTMLElement} box @param {object} job @param {object[]} failures @param {number} hidden how many more there are */
export function showFailures(box, job, failures, hidden) {
  box.hidden = !failures.length;
  const list = part(box, "list");
  if (!lists.has(list)) lists.set(list, new Keyed(list, "failure", { key: ({ index, attempt }) => `${index} ${attempt}`, update }));
  lists.get(list).show(failures);
  const lost = failures.filter((one) => one.lost).length;
  const raised = failures.length - lost;
  const words = [lost && `${count(lost)} lost`, raised && `${count(raised)} failed`, hidden && `${count(hidden)} more not shown`];
  setText(part(box, "count"), words.filter(Boolean).join(" · "));
  if (failures.length === 1 && !box.dataset.opened) {
    box.dataset.opened = "yes";
    list.querySelector("details").open = true;
  }
}

function update(row, cells, { index, first, size, lost, error, traceback, arguments: given, pid, attempt }) {
  const retry = attempt > 1 ? `, attempt ${attempt}` : "";
  setTexts(cells, {
    task: `${taskName({ job: null, index, first, size })}${retry}`, how: lost ? "lost" : "failed", worker: pid ? `worker ${pid}` : "",
    arguments: given, error, trace: traceback,
  });
  row.dataset.lost = String(lost);
  cells.trace.hidden = !traceback;
}
