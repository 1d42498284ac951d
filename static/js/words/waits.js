/** What a wait is called, and who could end it.  Pure.  The command line and the findings have theirs in `wait_words.py`. */

/** What follows the name of who waits, by `Edge.to` or by the kinds of `waitKind`. */
const WAITS = {
  acquire: "waits for", wait: "waits on", put: "waits to put into", get: "waits to get from", flush: "is blocked flushing its queue buffer to",
  recv: "waits to receive from", send: "waits to send to", notify: "waits in notify() on", join: "waits in join() for", end: "waits for the exit of",
  answer: "waits for an answer from", accept: "waits in accept() on", connect: "waits to be accepted by", greet: "waits in accept() for authentication on",
  "recv from process": "waits for a message from", "send to process": "waits to send to", "recv over listener": "waits for a message on", "send over listener": "waits to send on",
};

/** Return how `to` is called when no resource is in between: the message comes from, or goes to, a process. @param {string} to */
export const directly = (to) => ({ recv: "recv from process", send: "send to process" })[to] ?? to;

/** Return how `to` is called for this resource: a connection of a listener is read and written, not the listener. @param {string} to @param {{kind: string}|undefined} resource */
export const waitKind = (to, resource) => (resource?.kind === "listener" && { recv: "recv over listener", send: "send over listener" }[to]) || to;

/** "waits to put into", "waits for" @param {string} to @param {string} [kind] of the resource */
export const waitPhrase = (to, kind) => (to === "wait" && kind === "joinable_queue" ? "waits in join() on" : WAITS[to] ?? `waits to ${to}`);

const ENDED_BY = {
  get: "written by", recv: "written by", put: "read by", flush: "read by", send: "read by", notify: "acknowledged by",
  "recv from process": "sent by", "send to process": "received by", "recv over listener": "sent by", "send over listener": "received by",
  answer: "answered by", connect: "accepted by", greet: "expected from",
};
const ENDED_BY_KIND = {
  condition: "notified by", event: "set by", joinable_queue: "processed by", semaphore: "released by", bounded_semaphore: "released by",
};

/**
 * Return what the processes after it do to end the wait: "held by", "notified by", "needs 2 more of".
 *
 * @param {string} to @param {object|undefined} record of the resource @param {boolean} several whether several processes follow
 */
export function unblockedBy(to, record, several = false) {
  const { kind, parties, arrived } = record ?? {};
  if (kind === "pool") return "served by";
  if (ENDED_BY[to]) return ENDED_BY[to];
  if (kind === "barrier") return `needs ${Number.isInteger(parties) && Number.isInteger(arrived) ? Math.max(1, parties - arrived) : "some"} more of`;
  return ENDED_BY_KIND[kind] ?? (several ? "held by one of" : "held by");
}

/**
 * Return the processes that could end a wait.  A process that waits at a barrier has already arrived there.
 *
 * @param {object} edge @param {object|undefined} record @param {boolean} cyclic return all of them where each waits at
 *   the barrier for one more: that is a cycle @returns {number[]}
 */
export function unblockers({ holders, to }, record, cyclic = false) {
  if (record?.kind !== "barrier" || to !== "wait") return holders;
  const arrived = new Set(record.waiting.filter((one) => one.to === "wait").map(({ pid }) => pid));
  const missing = holders.filter((pid) => !arrived.has(pid));
  return missing.length || !cyclic ? missing : holders;
}
