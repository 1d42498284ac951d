/** Reads the journal backwards, a page at a time. */

import { get } from "../state/api.js";

const PAGE = 200;

/** @typedef {{q: string, kind: string, process: string}} Filter */

/** Fetch the newest events, or those before `seq`, oldest first. @param {Filter} filter @param {number|null} seq @returns {Promise<{events: object[], more: boolean}>} */
export async function page(filter, seq = null) {
  const given = Object.entries({ ...filter, latest: "true", before: seq, limit: PAGE }).filter(([, value]) => value !== "" && value !== null);
  const { events } = await get(`/api/v1/events?${new URLSearchParams(given)}`);
  return { events, more: events.length === PAGE };
}

/** Return whether a live event matches; the rule is that of the server. @param {object} event @param {Filter} filter */
export function passes(event, { q, kind, process }) {
  const words = `${event.text} ${event.name ?? ""} ${event.kind} ${event.pid ?? ""} ${event.by}`.toLowerCase();
  return (!kind || event.kind === kind) && (!process || event.process === process) && (!q || words.includes(q.toLowerCase()));
}
