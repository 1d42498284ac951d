/** Filters records by the text and the state in the address. */

import { stateOf } from "../words/format.js";

/** @param {object} record @param {string} q lower case; every word must occur */
function containsWords(record, q) {
  const { name, workload, pid, state, cause, command, target, stuck } = record;
  const text = [name, workload, pid, state, cause, command, target, stuck && `stuck ${stuck.reason}`].join("\n").toLowerCase();
  return q.split(/\s+/).every((word) => text.includes(word));
}

/** @param {URLSearchParams} params @returns {{process: (record: object) => boolean, descendant: (record: object) => boolean}} */
export function matcher(params) {
  const q = (params.get("q") ?? "").trim().toLowerCase();
  const state = params.get("state");
  return {
    process: (record) => (!state || stateOf(record).group === state) && (!q || containsWords(record, q)),
    descendant: (record) => !state && (!q || containsWords(record, q)),
  };
}

/** Count the processes in each group of states. @param {Iterable<object>} processes @returns {Record<string, number>} */
export function countByState(processes) {
  const counts = { all: 0, running: 0, stuck: 0, stopping: 0, failed: 0, suspended: 0, waiting: 0, ended: 0 };
  for (const process of processes) {
    counts.all += 1;
    counts[stateOf(process).group] += 1;
  }
  return counts;
}
