/** Tasks, workers and what their end costs, in sentences.  Pure. */

import { plural, sentence } from "./finding.js";
import { count, span } from "./format.js";

/** "1 retry", "2 retries" @param {number} n */
export const retries = (n) => `${n} ${n === 1 ? "retry" : "retries"}`;
/** Who has had a task for so long may keep it for a while. */
const FIRM_S = 1;
const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** "task 17 of job 3", "task 2 of job 3 (items 32–47)" @param {object} task */
export function taskName({ job, index, first, size }) {
  const whose = job === null || job === undefined ? "" : ` of job ${job}`;
  return `task ${count(index)}${whose}${size > 1 ? ` (items ${count(first)}–${count(first + size - 1)})` : ""}`;
}

/** "stall_at(17)": the function without its module. @param {{function: string, arguments: string}} task */
export const callOf = ({ function: called, arguments: given = "" }) => `${called.split(".").at(-1)}(${given})`;

/** Why it is stuck, without the task, which is named anyway. @param {{reason: string}|null} stuck */
export const reasonOf = (stuck) => (stuck?.reason ?? "").replace(/^no (end of [^;]*|work)(; |$)/, "");

const waiting = (n) => plural(n, "waiting task");
const move = (n) => `${waiting(n)} ${n === 1 ? "moves" : "move"} to other workers`;

/** How often the task of a worker would still be run again, were the worker to end. @param {object} pool @param {object} task */
export const retriesLeft = ({ retries: all = 0 }, { attempt = 1 }) => Math.max(0, all - (attempt - 1));

/** Whether what the end of a worker costs can be named: it is not about to have another task. @param {object} pool @param {object} worker @param {number|null} busy seconds */
export const isFirm = ({ running, queued }, { task }, busy) => (task ? (busy ?? 0) >= FIRM_S : !running && !queued);

/** What the end of a worker costs, beforehand. @param {object} pool @param {object} worker @param {number|null} busy seconds */
export function cost(pool, worker, busy) {
  const { task, prefetched } = worker;
  const rest = prefetched ? `${capital(move(prefetched))}.` : "";
  if (!task) return ["It has no task now: nothing is lost.", rest].filter(Boolean).join(" ");
  const left = retriesLeft(pool, task);
  const firm = isFirm(pool, worker, busy);
  const fate = left ? `will be run again by another worker: ${retries(left)} left` : "will be lost";
  const what = firm ? `${capital(taskName(task))} ${fate}; it has run ${span(busy)}.` : `The task that it has then ${fate}; now it is ${taskName(task)}.`;
  return [what, rest].filter(Boolean).join(" ");
}

/** What is wrong with a worker. @param {object} pool @param {object} worker @param {number|null} busy seconds @returns {{title: string, text: string}} */
export function trouble(pool, worker, busy) {
  const { pid, task, stuck, state } = worker;
  const had = task ? `has had ${taskName(task)}, ${callOf(task)}, for ${span(busy ?? 0)} and finished nothing` : "has finished nothing";
  const title = state === "suspended" ? `Worker ${pid} is suspended${task ? ` with ${taskName(task)}, ${callOf(task)}` : ""}.` : `Worker ${pid} ${had}.`;
  const why = sentence(reasonOf(stuck));
  return { title, text: [why, state === "suspended" ? "Resume lets it go on." : "", wayOut(pool, worker)].filter(Boolean).join(" ") };
}

function wayOut(pool, { task, prefetched }) {
  if (!task) return "Kill it: nothing is lost, and another takes its place.";
  const behind = prefetched ? `the ${waiting(prefetched)} behind it ${prefetched === 1 ? "moves" : "move"} on` : "everything else goes on";
  return `Kill it: the task is ${retriesLeft(pool, task) ? "run again" : "lost"}, ${behind}.`;
}

/** What the end of a pool costs, beforehand. @param {object} pool */
export function poolCost({ queued, running, workers = [] }) {
  const alive = workers.filter(({ state }) => state !== "ended").length;
  const ends = `Its ${plural(alive, "worker")} ${alive === 1 ? "ends" : "end"} now.`;
  const lost = running ? ` ${plural(running, "running task")} ${running === 1 ? "is" : "are"} lost.` : "";
  const never = queued ? ` ${waiting(queued)} never ${queued === 1 ? "starts" : "start"}.` : "";
  return ends + (lost + never || " Nothing runs or waits, so nothing is lost.");
}

/** Whether all that is left of a job is with stuck workers: then its rate says nothing about its end. @param {object} pool @param {object} job */
export function hangs({ workers = [] }, { id, total, done, failed, lost }) {
  const held = workers.filter(({ stuck, task, state }) => stuck && state !== "ended" && task?.job === id).length;
  return held > 0 && total !== null && total - done - failed - lost <= held;
}

/** How far a job is: "8,214 of 20,000". @param {object} job */
export function farOf({ done, failed, lost, total }) {
  const over = done + failed + lost;
  return total === null || total === undefined ? count(over) : `${count(over)} of ${count(total)}`;
}
