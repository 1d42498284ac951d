/** Tasks and workers as text, and what ending them costs.  Pure. */

import { capitalized, count, duration, plural, sentence } from "./format.js";

/** "1 retry", "2 retries" @param {number} n */
export const retries = (n) => `${n} ${n === 1 ? "retry" : "retries"}`;
/** A worker that has had its task for this long is unlikely to have another one in a moment. */
const CERTAIN_S = 1;

/** "task 17 of job 3", "task 2 of job 3 (items 32–47)" @param {object} task */
export function taskName({ job, index, first, size }) {
  const whose = job === null || job === undefined ? "" : ` of job ${job}`;
  return `task ${count(index)}${whose}${size > 1 ? ` (items ${count(first)}–${count(first + size - 1)})` : ""}`;
}

/** "stall_at(17)": the function without its module. @param {{function: string, arguments: string}} task */
export const callOf = ({ function: called, arguments: given = "" }) => `${called.split(".").at(-1)}(${given})`;

const moved = (n) => `${plural(n, "prefetched task")} ${n === 1 ? "moves" : "move"} to other workers`;

/** Return how often the task of a worker would still be retried. @param {object} pool @param {object} task */
const retriesLeft = ({ retries: all = 0 }, { attempt = 1 }) => Math.max(0, all - (attempt - 1));

/** Return whether the worker will still have its current task in a moment. @param {object} pool @param {object} worker @param {number|null} busy seconds */
export const isCostCertain = ({ running, queued }, { task }, busy) => (task ? (busy ?? 0) >= CERTAIN_S : !running && !queued);

/** Return what ending a worker would cost. @param {object} pool @param {object} worker @param {number|null} busy seconds */
export function endingCost(pool, worker, busy) {
  const { task, prefetched } = worker;
  const rest = prefetched ? `${moved(prefetched)}.` : "";
  if (!task) return ["It has no task: nothing is lost.", rest].filter(Boolean).join(" ");
  const left = retriesLeft(pool, task);
  const fate = left ? `will be retried by another worker (${retries(left)} left)` : "will be lost";
  const certain = isCostCertain(pool, worker, busy);
  const what = certain ? `${capitalized(taskName(task))} ${fate}; it has been running for ${duration(busy)}.` : `Its current task, now ${taskName(task)}, ${fate}.`;
  return [what, rest].filter(Boolean).join(" ");
}

/** Describe a stuck worker. @param {object} pool @param {object} worker @param {number|null} busy seconds @returns {{title: string, text: string}} */
export function describeStuck(pool, worker, busy) {
  const { pid, task, stuck, state } = worker;
  const what = task ? `${taskName(task)}, ${callOf(task)}` : "";
  const text = [sentence(stuck.detail), killCost(pool, worker)].filter(Boolean).join(" ");
  if (state === "suspended") return { title: `Worker ${pid} is suspended${what && ` in ${what}`}.`, text };
  return { title: what ? `Worker ${pid} has been stuck on ${what}, for ${duration(busy ?? 0)}.` : `Worker ${pid} is stuck without a task.`, text };
}

function killCost(pool, { task, prefetched }) {
  if (!task) return "Killing it loses nothing; a new worker replaces it.";
  return `Killing it ${retriesLeft(pool, task) ? "retries" : "loses"} the task; ${prefetched ? moved(prefetched) : "no other task is affected"}.`;
}

/** Return what terminating a pool would cost. @param {object} pool */
export function terminationCost({ queued, running, workers = [] }) {
  const alive = workers.filter(({ state }) => state !== "ended").length;
  const lost = running ? ` ${plural(running, "running task")} ${running === 1 ? "is" : "are"} lost.` : "";
  const never = queued ? ` ${plural(queued, "queued task")} never ${queued === 1 ? "starts" : "start"}.` : "";
  return `Ends ${plural(alive, "worker")} now.${lost + never || " No task is running or queued, so nothing is lost."}`;
}

/** Return whether only stuck workers have what is left of a job: its rate then says nothing about its end. @param {object} pool @param {object} job */
export function onlyStuckTasksLeft({ workers = [] }, { id, total, done, failed, lost }) {
  const held = workers.filter(({ stuck, task, state }) => stuck && state !== "ended" && task?.job === id).length;
  return held > 0 && total !== null && total - done - failed - lost <= held;
}

/** Return how far a job is: "8,214 of 20,000". @param {object} job */
export function progressText({ done, failed, lost, total }) {
  const over = done + failed + lost;
  return total === null || total === undefined ? count(over) : `${count(over)} of ${count(total)}`;
}
