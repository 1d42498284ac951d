/** What waits in a pool and how much it does, over the last ten minutes. */

import { get } from "./api.js";
import { count } from "./format.js";
import { round } from "./jobs.js";
import { rates } from "./poolrates.js";
import { isOver } from "./poolstate.js";
import { openSeries } from "./series.js";
import { store } from "./store.js";

const POINTS = 600;
const STEPS = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
const KINDS = [
  { name: "depth", field: "queued", format: count, least: 4, steps: STEPS },
  { name: "rate", field: "tasks_per_s", format: (value) => count(round(value)), least: 4, steps: STEPS },
];

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function openPoolCharts(panel, id) {
  return openSeries(panel, KINDS, {
    record: () => store.pools.get(id),
    alive: (pool) => !isOver(pool),
    past: () => remembered(id),
  });
}

/** What the server remembers, else what this page has seen. */
async function remembered(id) {
  const past = await get(`/api/v1/pools/${id}/history?points=${POINTS}`).catch(() => null);
  return past?.at?.length ? { at: past.at, ...(past.series?.[id] ?? past.series ?? past) } : rates(id);
}
