/** Which buttons a row, its menu and the bulk bar offer, in which order, with their keys.  `verbs.js` says when. */

import { whyNot } from "./verbs.js";
import { store } from "../state/store.js";

/** @typedef {{verb: string, label: string, key?: string, danger?: boolean}} Verb */

/** The most wanted first. @type {Record<string, Verb>} */
export const VERBS = {
  start: { verb: "start", label: "Start" },
  resume: { verb: "resume", label: "Resume", key: "P" },
  stack: { verb: "stack", label: "Stack", key: "S" },
  terminate: { verb: "terminate", label: "Terminate", key: "T", danger: true },
  kill: { verb: "kill", label: "Kill", key: "K", danger: true },
  join: { verb: "join", label: "Join", key: "J" },
  suspend: { verb: "suspend", label: "Suspend", key: "P" },
  restart: { verb: "restart", label: "Restart", key: "R" },
  close: { verb: "close", label: "Close", key: "C" },
};
const ALL = Object.values(VERBS);

/** The key of each verb that has one. @type {Record<string, string>} */
export const KEYS = Object.fromEntries(ALL.filter(({ key }) => key).map(({ verb, key }) => [verb, key]));

/** What can be done with a process or a descendant now. @param {object} record @returns {Verb[]} */
export function offers(record) {
  if (store.descendants.has(record.id)) return [VERBS.terminate, VERBS.kill];
  return store.processes.has(record.id) ? ALL.filter(({ verb }) => !whyNot(verb, record, "operator")) : [];
}

/** What can be done with at least one of several. @param {object[]} records @returns {Verb[]} */
export function sharedOffers(records) {
  const possible = new Set(records.flatMap((record) => offers(record).map(({ verb }) => verb)));
  return ALL.filter(({ verb }) => verb !== "stack" && possible.has(verb));
}
