/** The figures of a resource, by its kind, each with its meaning. */

import { ABSENT, bytes, clock, count, duration, known } from "../words/format.js";
import { probableHolder } from "../words/programs.js";
import { processLabel, rate } from "./columns.js";
import { backlog, ELEMENTS, figure, isLock, isQueue, isSemaphore, queueDepth, typeOf, valueText } from "../words/resources.js";

/** @typedef {{label: string, value?: any, pid?: number, resources?: string[], why?: string, style?: string}} Fact `pid`, `resources`: what to link */

/** @param {object} one @returns {Fact[]} */
export function factsOf(one) {
  const own = isQueue(one) ? queue(one) : isLock(one) || isSemaphore(one) ? lock(one) : (OF_KIND[one.kind] ?? (() => []))(one);
  const parts = one.parts.length ? [{ label: "Parts", resources: one.parts }] : [];
  if (one.manager) parts.push({ label: "Manager", resources: [one.manager], why: "Each call is a round trip to its server process." });
  return [...own.filter(({ value, pid }) => known(pid) || (known(value) && value !== "")), ...parts, ...origin(one)];
}

const num = (label, value, why = "") => ({ label, value, why, style: "num" });
const origin = ({ created_by: by, created_at: at }) => [{ label: "Created by", pid: by }, num("Created", at ? clock(at) : ABSENT)];

function queue(one) {
  const feeders = Object.entries(one.buffered ?? {}).filter(([, n]) => n).map(([pid, n]) => `${processLabel(Number(pid))}: ${count(n)}`);
  const simple = one.kind === "simple_queue";
  return [
    ...(simple ? [] : [num("Depth", queueDepth(one), one.maxsize > 0 ? "Limited by maxsize." : "Unbounded: no maxsize.")]),
    num("Rates", known(one.put_per_s) ? `+${rate(one.put_per_s)}/s −${rate(one.get_per_s)}/s` : null),
    num("Backlog", known(backlog(one)) ? count(backlog(one)) : null, ["Items in the feeder threads of their producers; lost if a producer is killed.", ...feeders].join(" ")),
    num("Unread", known(one.pipe_bytes) ? bytes(one.pipe_bytes) : null, "Written to the pipe, not yet read."),
    num("Unfinished", known(one.unfinished) ? count(one.unfinished) : null, "Items without task_done(); join() waits for them."),
    num("Oldest", known(one.oldest_s) ? duration(one.oldest_s) : null, "Age of the oldest item."),
  ];
}

function lock(one) {
  if (!isLock(one)) return [{ label: "Value", value: figure(one) }, ...(one.lost ? [{ ...holder(one), label: "Lost to" }] : [])];
  return [{ label: "State", value: figure(one) }, holder(one), num("Held for", known(one.held_s) ? duration(one.held_s) : null)];
}

function holder(one) {
  const label = "Holder";
  if (!one.abandoned) return one.holder_unknown ? { label, value: "unknown" } : { label, pid: one.holder ?? undefined, value: "none" };
  const pid = probableHolder(one) ?? undefined;
  return { label, pid, value: "exited", why: known(pid) && one.holder === null ? "Probable: the only process that was killed." : "" };
}

const OF_KIND = {
  pipe: (one) => [
    num("Unread", known(one.pipe_bytes) ? bytes(one.pipe_bytes) : null),
    num("Unread, reverse", known(one.pipe_bytes_back) ? bytes(one.pipe_bytes_back) : null, "Other direction of the duplex pipe."),
    ...Object.entries(one.ends ?? {}).map(([end, pids]) => ({ label: `End: ${end}`, value: [pids].flat().map(processLabel).join(", ") || "none" })),
  ],
  event: (one) => [{ label: "Flag", value: figure(one) }],
  condition: (one) => [{ label: "Waiters", value: figure(one), why: "Processes waiting for notify()." }],
  barrier: (one) => [{ label: "Arrived", value: figure(one), why: "Opens when all parties have arrived." }],
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
    { label: one.kind === "array" ? "Values" : "Value", value: valueText(one, 2000), why: `Read without the lock; may be partly written.${elementsShown(one)}`, style: "num" },
    { label: "Type", value: typeOf(one), why: one.typecode ? `typecode ${one.typecode}` : "" },
    num("Size", known(one.size_bytes) ? bytes(one.size_bytes) : null),
  ];
}

/** How many elements of an array are shown, and have a chart. */
function elementsShown({ kind, values, length }) {
  if (kind !== "array" || typeof values?.[0] !== "number") return "";
  const shown = length > values.length ? ` First ${values.length} of ${count(length)} elements.` : "";
  return values.length > ELEMENTS ? `${shown} The first ${ELEMENTS} have charts.` : shown;
}
