/** Which verbs a row, its menu and the bulk bar offer now. */

import { VERBS, whyNot } from "./verbs.js";
import { store } from "../state/store.js";

/** @typedef {import("./verbs.js").Verb & {verb: string}} Offer */

/** @type {Offer[]} `signal` needs a dialog of its own: only the detail has it */
const ALL = Object.entries(VERBS).filter(([verb]) => verb !== "signal").map(([verb, texts]) => ({ verb, ...texts }));

/** Return what can be done with a process or a descendant now. @param {object} record @returns {Offer[]} */
export function offers(record) {
  if (store.descendants.has(record.id)) return ALL.filter(({ danger }) => danger);
  return store.processes.has(record.id) ? ALL.filter(({ verb }) => !whyNot(verb, record, "operator")) : [];
}

/** Return what can be done with at least one of several records. @param {object[]} records @returns {Offer[]} */
export function sharedOffers(records) {
  const possible = new Set(records.flatMap((record) => offers(record).map(({ verb }) => verb)));
  return ALL.filter(({ verb }) => verb !== "stack" && possible.has(verb));
}
