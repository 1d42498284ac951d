/** Queue length and throughput of each pool, one value a second, for the sparklines and the charts. */

import { roundRate } from "./jobs/list.js";
import { store } from "../state/store.js";
import { fetchHistory, openSeries, prepend, WHOLE } from "../widgets/series.js";
import { count } from "../words/format.js";
import { hasEnded } from "../words/pools.js";

const MOST_POINTS = 600;
const SECOND_MS = 1000;
const FIELDS = ["queued", "tasks_per_s"];
const CHARTS = [
  { name: "depth", field: "queued", format: count, least: 4, steps: WHOLE },
  { name: "rate", field: "tasks_per_s", format: (value) => count(roundRate(value)), least: 4, steps: WHOLE },
];
const EMPTY = Object.freeze({ at: [], queued: [], tasks_per_s: [] });
/** @type {Map<string, {at: number[], queued: (number|null)[], tasks_per_s: (number|null)[], before: Promise<void>}>} */
const series = new Map();

/** Record the current values every second. */
export function startRates() {
  setInterval(() => store.connected && [...store.pools.values()].forEach(take), SECOND_MS);
  store.subscribe(({ removed }) => removed.forEach((id) => series.delete(id)));
}

/** Return the last ten minutes, as far as known now. @param {string} id */
export const rates = (id) => series.get(id) ?? EMPTY;

/** Open the charts of a pool. @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function openPoolCharts(panel, id) {
  return openSeries(panel, CHARTS, { record: () => store.pools.get(id), alive: (pool) => !hasEnded(pool), past: () => past(id) });
}

/** Return the last ten minutes, including the history of the server. */
async function past(id) {
  const own = series.get(id) ?? begin(id);
  await own.before;
  return own;
}

function take({ id, ...pool }) {
  const own = series.get(id) ?? begin(id);
  own.at.push(store.now());
  for (const field of FIELDS) own[field].push(pool[field] ?? null);
  if (own.at.length > MOST_POINTS) ["at", ...FIELDS].forEach((field) => own[field].shift());
}

function begin(id) {
  const own = { at: [], queued: [], tasks_per_s: [], before: recall(id) };
  series.set(id, own);
  return own;
}

/** Insert the history of the server before the values seen here. */
async function recall(id) {
  const before = await fetchHistory("pools", id).catch(() => null);
  const own = series.get(id);
  if (own && before) prepend(own.at, FIELDS.map((field) => ({ field, values: own[field] })), before);
}
