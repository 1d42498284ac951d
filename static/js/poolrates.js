/** What waits in each pool and what it does per second, one value a second: for the sparklines, and the charts' past. */

import { store } from "./store.js";

const KEPT = 600;
const SECOND_MS = 1000;
const EMPTY = Object.freeze({ at: [], queued: [], tasks_per_s: [] });
const series = new Map();

/** Take the present values every second. */
export function startRates() {
  setInterval(() => store.connected && [...store.pools.values()].forEach(take), SECOND_MS);
  store.subscribe(({ removed }) => removed.forEach((id) => series.delete(id)));
}

/** The last ten minutes as far as this page has seen them. @param {string} id */
export const rates = (id) => series.get(id) ?? EMPTY;

function take({ id, queued, tasks_per_s: rate }) {
  if (!series.has(id)) series.set(id, { at: [], queued: [], tasks_per_s: [] });
  const own = series.get(id);
  own.at.push(store.now());
  own.queued.push(queued ?? null);
  own.tasks_per_s.push(rate ?? null);
  if (own.at.length > KEPT) Object.values(own).forEach((values) => values.shift());
}
