/** Resources as text and figures. */

import { ABSENT, bytes, count, duration, known } from "./format.js";

/** How many elements of an array have a chart. */
export const ELEMENTS = 4;

/** Return the state of a resource in words. @param {object} resource */
export const figure = (resource) => resource.figure || ABSENT;

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
