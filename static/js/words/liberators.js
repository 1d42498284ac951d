/** What those that could let a wait end would do, by what is waited for.  Pure.  Command line and findings: `edge_words.py`. */

const BY_VERB = {
  get: "could be filled by", recv: "could be filled by", put: "could be emptied by", flush: "could be emptied by",
  send: "could be emptied by", notify: "must be answered by",
};
/** In the drawing; the list has room for more. */
const MESSAGES = { hear: "sent by", tell: "taken by", answer: "given by", connect: "accepted by", greet: "expected of" };
const BY_KIND = {
  condition: "could be notified by", event: "could be set by", joinable_queue: "could be worked off by",
  semaphore: "could be released by", bounded_semaphore: "could be released by",
};

/**
 * "held by", "could be notified by", "2 more must arrive, of".
 *
 * @param {string} to @param {object|undefined} record @param {boolean} several whether several are told after it
 */
export function endedBy(to, record, several = false) {
  if (MESSAGES[to]) return MESSAGES[to];
  const { kind, parties, arrived } = record ?? {};
  if (kind === "pool") return "could be served by";
  if (BY_VERB[to]) return BY_VERB[to];
  if (kind === "barrier") return `${Number.isInteger(parties) && Number.isInteger(arrived) ? Math.max(1, parties - arrived) : "some"} more must arrive, of`;
  return BY_KIND[kind] ?? (several ? "may be held by" : "held by");
}

/**
 * Those that could; who waits at a barrier has arrived there already.
 *
 * @param {object} edge @param {object|undefined} record @returns {number[]}
 * @param {boolean} circling all of them, rather than nobody, where all wait there for one more: that is a circle
 */
export function able({ holders, to }, record, circling = false) {
  if (record?.kind !== "barrier" || to !== "wait") return holders;
  const there = new Set(record.waiting.filter((one) => one.to === "wait").map(({ pid }) => pid));
  const others = holders.filter((pid) => !there.has(pid));
  return others.length || !circling ? others : holders;
}
