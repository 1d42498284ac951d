/** The tasks of a job that failed or were lost, each with its arguments, its worker and its traceback. */

import { plural } from "../../words/finding.js";
import { count } from "../../words/format.js";
import { Keyed } from "../../dom/keyed.js";
import { taskName } from "../../words/tasks.js";
import { part, say } from "../../dom/template.js";

const lists = new WeakMap();

/** @param {HTMLElement} box @param {object} job @param {object[]} failures @param {number} hidden how many more there are */
export function showFailures(box, job, failures, hidden) {
  box.hidden = !failures.length;
  const list = part(box, "list");
  if (!lists.has(list)) lists.set(list, new Keyed(list, "failure", { key: ({ index, attempt }) => `${index} ${attempt}`, update }));
  lists.get(list).show(failures);
  const lost = failures.filter((one) => one.lost).length;
  const raised = failures.length - lost;
  const words = [lost && `${count(lost)} lost`, raised && `${count(raised)} failed`, hidden && `${plural(hidden, "more")} not shown`.replace("mores", "more")];
  say(part(box, "count"), words.filter(Boolean).join(" · "));
  if (failures.length === 1 && !box.dataset.opened) {
    box.dataset.opened = "yes";
    list.querySelector("details").open = true;
  }
}

function update(row, cells, { index, first, size, lost, error, traceback, arguments: given, pid, attempt }) {
  const tries = attempt > 1 ? `, try ${attempt}` : "";
  say(cells.task, `${taskName({ job: null, index, first, size })}${tries}`);
  say(cells.how, lost ? "lost" : "failed");
  row.dataset.lost = String(lost);
  say(cells.worker, pid ? `worker ${pid}` : "");
  say(cells.arguments, given ?? "");
  say(cells.error, error);
  say(cells.trace, traceback ?? "");
  cells.trace.hidden = !traceback;
}
