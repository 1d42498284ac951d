/** Reading the journal backwards: the interface goes forward only, so stretches before the oldest line are asked for. */

import { get } from "./api.js";

const PAGE = 200;
const STRETCH = 1000;
const MOST_STRETCHES = 20;

/** @typedef {{q: string, kind: string, process: string}} Filter */

const query = (filter, more) => {
  const given = Object.entries({ ...filter, ...more }).filter(([, value]) => value !== "" && value !== null);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
};

/** The newest lines, oldest first. @param {Filter} filter @returns {Promise<{events: object[], more: boolean}>} */
export async function newest(filter) {
  const { events } = await get(`/api/v1/events?${query(filter, { latest: "true", limit: PAGE })}`);
  return { events, more: events.length === PAGE };
}

/** At least some lines before `seq`, oldest first; `until` is how far back was looked. @param {Filter} filter @param {number} seq */
export async function before(filter, seq) {
  let until = seq;
  const found = [];
  for (let turn = 0; turn < MOST_STRETCHES && until > 1 && found.length < PAGE; turn += 1) {
    const after = Math.max(0, until - 1 - STRETCH);
    const { events } = await get(`/api/v1/events?${query(filter, { after, limit: STRETCH })}`);
    found.unshift(...events.filter((event) => event.seq < until));
    until = after + 1;
  }
  return { events: found, until, more: until > 1 };
}

/** Whether a live line passes; the server's rule is the same. @param {object} event @param {Filter} filter */
export function passes(event, { q, kind, process }) {
  const words = `${event.text} ${event.name ?? ""} ${event.kind} ${event.pid ?? ""} ${event.by}`.toLowerCase();
  return (!kind || event.kind === kind) && (!process || event.process === process) && (!q || words.includes(q.toLowerCase()));
}
