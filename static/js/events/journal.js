/** Reads the journal backwards, a page at a time. */

import { get } from "../state/api.js";

const PAGE = 200;

/** @typedef {{q: string, kind: string, process: string}} Filter */

const query = (filter, more) => {
  const given = Object.entries({ ...filter, ...more }).filter(([, value]) => value !== "" && value !== null);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
};

/** Fetch the newest events, oldest first. @param {Filter} filter @returns {Promise<{events: object[], more: boolean}>} */
export async function newest(filter) {
  const { events } = await get(`/api/v1/events?${query(filter, { latest: "true", limit: PAGE })}`);
  return { events, more: events.length === PAGE };
}

/** Fetch the events before `seq`, oldest first. @param {Filter} filter @param {number} seq */
export async function before(filter, seq) {
  const { events } = await get(`/api/v1/events?${query(filter, { latest: "true", before: seq, limit: PAGE })}`);
  return { events, more: events.length === PAGE };
}

/** Return whether a live event matches; the rule is that of the server. @param {object} event @param {Filter} filter */
export function passes(event, { q, kind, process }) {
  const words = `${event.text} ${event.name ?? ""} ${event.kind} ${event.pid ?? ""} ${event.by}`.toLowerCase();
  return (!kind || event.kind === kind) && (!process || event.process === process) && (!q || words.includes(q.toLowerCase()));
}
