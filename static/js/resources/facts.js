/** The figures of a resource that apply to its kind, each with what it means.  Pure but for names of processes. */

import { ABSENT, bytes, clock, count } from "../words/format.js";
import { probableHolder } from "../words/programs.js";
import { person, rate, time } from "./columns.js";
import { ELEMENTS, backlog, depth, isLock, isQueue, isSemaphore, level, standing, typeOf, written } from "../words/resources.js";

const known = (value) => value !== null && value !== undefined;

/** @typedef {{label: string, value?: any, pid?: number, resources?: string[], why?: string, style?: string}} Fact `pid`, `resources`: what to link */

/** @param {object} one @returns {Fact[]} */
export function factsOf(one) {
  const own = isQueue(one) ? queue(one) : isLock(one) || isSemaphore(one) ? lock(one) : (OF_KIND[one.kind] ?? (() => []))(one);
  const parts = one.parts.length ? [{ label: "Made of", resources: one.parts }] : [];
  if (one.manager) parts.push({ label: "Kept by", resources: [one.manager], why: "It lives in the server of its manager: each call is a message there and back." });
  return [...own.filter(({ value, pid }) => known(pid) || (known(value) && value !== "")), ...parts, ...made(one)];
}

const num = (label, value, why = "") => ({ label, value, why, style: "num" });
const made = ({ created_by: by, created_at: at }) => [{ label: "Made by", pid: by }, num("Made at", at ? clock(at) : ABSENT)];

function queue(one) {
  const feeders = Object.entries(one.buffered ?? {}).filter(([, n]) => n).map(([pid, n]) => `${person(Number(pid))}: ${count(n)}`);
  const simple = one.kind === "simple_queue";
  return [
    ...(simple ? [] : [num("Depth", depth(one), one.maxsize > 0 ? "maxsize is the most that it takes." : "No maxsize: it grows as long as there is memory.")]),
    num("Rates", known(one.put_per_s) ? `+${rate(one.put_per_s)}/s −${rate(one.get_per_s)}/s` : null),
    num("Backlog", known(backlog(one)) ? count(backlog(one)) : null, ["Put, but still in the memory of who put it: lost if that is killed.", ...feeders].join(" ")),
    num("Unread", known(one.pipe_bytes) ? bytes(one.pipe_bytes) : null, "In the pipe, written and not yet read."),
    num("Unfinished", known(one.unfinished) ? count(one.unfinished) : null, "Items without their task_done(): join() waits for these."),
    num("Oldest", known(one.oldest_s) ? time(one.oldest_s) : null, "How long its oldest item has waited."),
  ];
}

function lock(one) {
  if (!isLock(one)) return [{ label: "Value", value: level(one) }, ...(one.lost ? [{ ...holder(one), label: "Lost with" }] : [])];
  return [{ label: "State", value: level(one) }, holder(one), num("Held for", known(one.held_s) ? time(one.held_s) : null)];
}

function holder(one) {
  const label = "Holder";
  if (!one.abandoned) return one.holder_unknown ? { label, value: "not known" } : { label, pid: one.holder ?? undefined, value: "nobody" };
  const pid = probableHolder(one) ?? undefined;
  return { label, pid, value: "dead", why: known(pid) && one.holder === null ? "Most likely: it was killed, and nobody else was." : "" };
}

const OF_KIND = {
  pipe: (one) => [
    num("Unread", known(one.pipe_bytes) ? bytes(one.pipe_bytes) : null),
    num("Unread, back", known(one.pipe_bytes_back) ? bytes(one.pipe_bytes_back) : null, "The other direction of a duplex pipe."),
    ...Object.entries(one.ends ?? {}).map(([end, pids]) => ({ label: `End: ${end}`, value: [pids].flat().map(person).join(", ") || "nobody holds it" })),
  ],
  event: (one) => [{ label: "Flag", value: standing(one) }],
  condition: (one) => [{ label: "Asleep", value: standing(one), why: "Whoever waits until it is notified." }],
  barrier: (one) => [{ label: "Arrived", value: standing(one), why: "It opens when all parties have arrived." }],
  value: shared,
  array: shared,
  shared_memory: (one) => [num("Size", bytes(one.size_bytes))],
  manager: (one) => [{ label: "Server", pid: one.server ?? undefined, value: ABSENT }, { label: "Address", value: one.address, style: "code" }, num("Objects", known(one.objects) ? count(one.objects) : null)],
  listener: (one) => [{ label: "Address", value: one.address, style: "code" }, num("Connections", known(one.connections) ? count(one.connections) : null)],
  pool: (one) => [
    num("Workers", known(one.workers) ? count(one.workers.length) : null), num("Queued", known(one.queued) ? count(one.queued) : null),
    num("Running", known(one.running) ? count(one.running.length) : null), num("Done", known(one.done) ? count(one.done) : null),
  ],
};

function shared(one) {
  return [
    { label: one.kind === "array" ? "Values" : "Value", value: written(one, 2000), why: `Read without its lock: it may be half written.${ofArray(one)}`, style: "num" },
    { label: "Type", value: typeOf(one), why: one.typecode ? `typecode ${one.typecode}` : "" },
    num("Size", known(one.size_bytes) ? bytes(one.size_bytes) : null),
  ];
}

/** How much of an array is told, and drawn. */
function ofArray({ kind, values, length }) {
  if (kind !== "array" || typeof values?.[0] !== "number") return "";
  const told = length > values.length ? ` These are the first ${values.length} of ${count(length)}.` : "";
  return values.length > ELEMENTS ? `${told} The first ${ELEMENTS} are drawn.` : told;
}
