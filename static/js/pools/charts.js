/** Queue length and throughput of a pool over the last ten minutes. */

import { count } from "../words/format.js";
import { roundRate } from "./jobs/list.js";
import { past } from "./rates.js";
import { hasEnded } from "../words/pools.js";
import { openSeries } from "../widgets/series.js";
import { store } from "../state/store.js";

const STEPS = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
const KINDS = [
  { name: "depth", field: "queued", format: count, least: 4, steps: STEPS },
  { name: "rate", field: "tasks_per_s", format: (value) => count(roundRate(value)), least: 4, steps: STEPS },
];

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function openPoolCharts(panel, id) {
  return openSeries(panel, KINDS, {
    record: () => store.pools.get(id),
    alive: (pool) => !hasEnded(pool),
    past: () => past(id),
  });
}
