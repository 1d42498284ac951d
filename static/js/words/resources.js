/** Resources as text and figures. */

import { ABSENT, bytes, count, duration, known, plural } from "./format.js";
import { store } from "../state/store.js";

/** How many elements of an array have a chart. */
export const ELEMENTS = 4;

/** Split `jobs (train.py:41)` into name and place. @param {{name: string}} resource @returns {{name: string, place: string}} */
function splitName({ name, kind_label: kind, id }) {
  const [, first, place = ""] = /^(.*?)\s*(?:\(([^()]*:\d+)\))?$/s.exec(name ?? "") ?? [null, name, ""];
  return { name: first || `${kind} ${id}`, place };
}

/** Return the name of a resource; a part is named with its whole: "wlock of jobs". @param {object} resource @returns {{name: string, place: string}} */
export function resourceName(resource) {
  const whole = resource.part_of ? store.resources.get(resource.part_of) : null;
  if (!whole) return splitName(resource);
  const { name, place } = resourceName(whole);
  return { name: `${partName(resource)} of ${name}`, place };
}

/** The name of a part within its whole: "wlock" @param {object} resource */
export const partName = (resource) => resource.name || resource.kind_label;

export const isQueue = ({ kind }) => kind.endsWith("queue");
export const isLock = ({ kind }) => kind === "lock" || kind === "rlock";
export const isSemaphore = ({ kind }) => kind.endsWith("semaphore");

/** Return how full a queue is, 0…1, or null. @param {object} queue */
export const fullness = ({ size, maxsize }) => (maxsize > 0 && known(size) ? Math.min(1, size / maxsize) : null);

/** "48 of 50", "12" @param {object} queue */
export function queueDepth({ size, maxsize }) {
  if (!known(size)) return ABSENT;
  return maxsize > 0 ? `${count(size)} of ${count(maxsize)}` : count(size);
}

/** Return the number of items in the feeder threads of all processes. @param {object} queue */
export const backlog = ({ buffered }) => (buffered ? Object.values(buffered).reduce((sum, one) => sum + (one ?? 0), 0) : null);

/** "free", "held", "2 of 3 free" @param {object} lock */
export function lockState({ kind, value, maximum, abandoned, lost }) {
  if (!known(value)) return ABSENT;
  if (kind === "lock" || kind === "rlock") return value > 0 ? "free" : abandoned ? "abandoned" : "held";
  const free = known(maximum) && maximum < 2 ** 30 ? `${count(value)} of ${count(maximum)} free` : `${count(value)} free`;
  return lost ? `${free}, ${count(lost)} lost` : free;
}

/** Return the state of an event, a condition or a barrier. @param {object} one */
export function syncState({ kind, flag, sleepers, parties, arrived, broken }) {
  if (kind === "event") return known(flag) ? (flag ? "set" : "not set") : ABSENT;
  if (kind === "barrier") return broken ? "broken" : known(parties) ? `${count(arrived ?? 0)} of ${count(parties)} arrived` : ABSENT;
  return known(sleepers) ? (sleepers ? `${count(sleepers)} waiting` : "none waiting") : ABSENT;
}

const TYPES = { b: "signed char", B: "unsigned char", h: "short", H: "unsigned short", i: "int", I: "unsigned int", l: "long", L: "unsigned long", q: "long long", Q: "unsigned long long", f: "float", d: "double", c: "char" };

/** "double", "int × 256" @param {object} shared */
export const typeOf = ({ kind, typecode, length }) => [TYPES[typecode] ?? typecode ?? "", kind === "array" && known(length) ? `× ${count(length)}` : ""].filter(Boolean).join(" ");

/** Return the values of a Value or an Array as Python would write them. @param {object} shared @param {number} most characters */
export function valueText({ values, length }, most = 200) {
  if (!values) return ABSENT;
  const texts = values.map((one) => (typeof one === "number" && !Number.isInteger(one) ? String(Number(one.toPrecision(7))) : typeof one === "string" ? JSON.stringify(one) : String(one)));
  // Characters come as one string.
  const shown = values.reduce((sum, one) => sum + (typeof one === "string" ? one.length : 1), 0);
  const whole = texts.join(", ") + (known(length) && length > shown ? ", …" : "");
  return whole.length > most ? `${whole.slice(0, most)} …` : whole;
}

/** Return the unread bytes of a pipe, in both directions. @param {object} pipe */
export function unread({ pipe_bytes: there, pipe_bytes_back: back }) {
  if (!known(there) && !known(back)) return ABSENT;
  return known(back) ? `${bytes(there)} · ${bytes(back)}` : bytes(there);
}

/** "3, up to 41 s" @param {object} resource @param {number} now */
export function waitingText({ waiting = [] }, now) {
  if (!waiting.length) return "";
  const since = Math.min(...waiting.map((one) => one.since));
  return `${count(waiting.length)}, up to ${duration(now - since)}`;
}

/** Return the most telling figure of a resource. @param {object} resource */
export function keyFigure(resource) {
  if (isQueue(resource)) return known(resource.size) ? plural(resource.size, "item") : "";
  if (isLock(resource) || isSemaphore(resource)) return lockState(resource).replace(ABSENT, "");
  if (["event", "condition", "barrier"].includes(resource.kind)) return syncState(resource).replace(ABSENT, "");
  return "";
}
