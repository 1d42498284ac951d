/**
 * The states of pools, workers and jobs as icon, word and tone.  Pure.
 *
 * @typedef {{word: string, icon: string, tone: "ok"|"warn"|"bad"|"cool"|"dim", dim: boolean}} Shown
 */

import { SIGNALS } from "../state/api.js";

const POOLS = {
  opening: ["◌", "cool"], open: ["●", "ok"], closing: ["◔", "cool"], closed: ["✓", "dim"], terminated: ["◍", "dim"],
};
const WORKERS = {
  booting: ["◌", "cool"], idle: ["○", "dim"], busy: ["●", "ok"], suspended: ["‖", "dim"], retiring: ["◔", "cool"], ended: ["◍", "dim"],
};
const JOBS = { queued: ["◌", "cool"], running: ["●", "ok"], done: ["✓", "dim"], failed: ["✕", "bad"], lost: ["✕", "bad"] };

const shown = ([icon, tone], word, dim) => ({ icon, tone, word, dim });

/** @param {object} pool @returns {Shown} */
export function poolState({ state, error }) {
  const over = state === "closed" || state === "terminated";
  if (error) return { icon: "✕", tone: "bad", word: over ? state : "broken", dim: over };
  return shown(POOLS[state] ?? ["?", "dim"], state, over);
}

/** Return whether a pool accepts jobs. @param {object} pool */
export const acceptsJobs = ({ state }) => state === "open" || state === "opening";

/** Return whether a pool has ended. @param {object} pool */
export const hasEnded = ({ state }) => state === "closed" || state === "terminated";

/** Stuck overrides busy, but not suspended, which is the reason. @param {object} worker @returns {Shown} */
export function workerState({ state, stuck, exitcode }) {
  if (state === "ended") return { ...shown(WORKERS.ended, state, true), ...(exitcode && { icon: "✕" }) };
  if (stuck && state !== "suspended") return { icon: "▲", tone: "warn", word: "stuck", dim: false };
  return { ...shown(WORKERS[state] ?? ["?", "dim"], state, false), ...(stuck && { tone: "warn" }) };
}

/** @param {object} job @returns {Shown} */
export const jobState = ({ state }) => shown(JOBS[state] ?? ["?", "dim"], state, state === "done");

/** An exit code as text: "SIGKILL", "exit 3". @param {number|null} code */
export function exitText(code) {
  if (code === null || code === undefined) return "";
  return code < 0 ? SIGNALS[-code] ?? `signal ${-code}` : `exit ${code}`;
}

/** Group the workers of a pool by what they do. @param {object} pool */
export function groupWorkers({ workers = [] }) {
  const alive = workers.filter(({ state }) => state !== "ended");
  return {
    alive, ended: workers.filter(({ state }) => state === "ended"), stuck: alive.filter((one) => one.stuck),
    working: alive.filter(({ task, state }) => task && state !== "suspended"),
  };
}
