/** What waits in each pool and what it does per second, one value a second: for the sparklines, and the charts' past. */

import { get } from "../state/api.js";
import { store } from "../state/store.js";

const KEPT = 600;
const SECOND_MS = 1000;
const FIELDS = ["queued", "tasks_per_s"];
const EMPTY = Object.freeze({ at: [], queued: [], tasks_per_s: [] });
/** @type {Map<string, {at: number[], queued: (number|null)[], tasks_per_s: (number|null)[], before: Promise<void>}>} */
const series = new Map();

/** Take the present values every second. */
export function startRates() {
  setInterval(() => store.connected && [...store.pools.values()].forEach(take), SECOND_MS);
  store.subscribe(({ removed }) => removed.forEach((id) => series.delete(id)));
}

/** The last ten minutes, as far as they are known by now. @param {string} id */
export const rates = (id) => series.get(id) ?? EMPTY;

/** The same, once the server has told what it remembers. @param {string} id */
export async function past(id) {
  const own = series.get(id) ?? begin(id);
  await own.before;
  return own;
}

function take({ id, ...pool }) {
  const own = series.get(id) ?? begin(id);
  own.at.push(store.now());
  for (const field of FIELDS) own[field].push(pool[field] ?? null);
  if (own.at.length > KEPT) ["at", ...FIELDS].forEach((field) => own[field].shift());
}

function begin(id) {
  const own = { at: [], queued: [], tasks_per_s: [], before: recall(id) };
  series.set(id, own);
  return own;
}

/** Put what the server remembers before what was seen here. */
async function recall(id) {
  const told = await get(`/api/v1/pools/${id}/history?points=${KEPT}`).catch(() => null);
  const own = series.get(id);
  const found = told?.series?.[id];
  if (!own || !found) return;
  const until = own.at.length ? told.at.findIndex((moment) => moment >= own.at[0]) : -1;
  const end = until < 0 ? told.at.length : until;
  own.at.unshift(...told.at.slice(0, end));
  for (const field of FIELDS) own[field].unshift(...found[field].slice(0, end));
}
