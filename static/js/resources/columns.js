/** What stands in each column of a table of resources. */

import { attr, mark, put } from "../dom/dom.js";
import { ABSENT, bytes, count, span } from "../words/format.js";
import { isDead, nameOf } from "../words/pids.js";
import { probableHolder } from "../words/programs.js";
import { called } from "../words/names.js";
import { backlog, depth, fullness, isSemaphore, kindWord, level, queueing, standing, typeOf, unread, written } from "../words/resources.js";
import { programHref } from "../state/router.js";
import { element } from "../dom/template.js";

const known = (value) => value !== null && value !== undefined;
/** "12", "0.4" per second @param {number|null} value */
export const rate = (value) => (known(value) ? count(value >= 10 ? Math.round(value) : Number(value.toFixed(1))) : ABSENT);
/** "3 min" @param {number|null} value */
export const time = (value) => (known(value) ? span(value) : ABSENT);

/** "worker-1 12", and when it is dead, that. @param {number|null} pid */
export const person = (pid) => (known(pid) ? `${nameOf(pid).startsWith("pid") ? "pid" : nameOf(pid)} ${pid}${isDead(pid) ? " (ended)" : ""}` : ABSENT);

const NAMED = 2;

/** "worker-1 12, worker-2 13 and 4 more" @param {number[]} pids */
export function people(pids) {
  const rest = pids.length - NAMED;
  return pids.slice(0, rest > 1 ? NAMED : NAMED + 1).map(person).join(", ") + (rest > 1 ? ` and ${count(rest)} more` : "");
}

/** "read: main 12 · write: worker-1 13" for the ends of a pipe @param {object|null} value */
function ends(value) {
  if (!value) return ABSENT;
  return Object.entries(value).map(([end, pids]) => `${end}: ${people([pids].flat()) || "nobody"}`).join(" · ");
}

/** Who has a lock, or some of a semaphore. @param {object} one */
function holder(one) {
  const living = isSemaphore(one) ? people(one.acquired_by ?? []) : "";
  if (one.abandoned) return [person(probableHolder(one)).replace(ABSENT, "dead"), living].filter(Boolean).join(", ");
  if (one.holder_unknown) return "not known";
  return isSemaphore(one) ? living || ABSENT : person(one.holder);
}

/**
 * @typedef {{label: string, number?: boolean, words?: string, text?: (one: object, now: number) => any,
 *   build?: (cell: HTMLElement) => void, write?: (cell: HTMLElement, one: object, now: number) => void}} Column
 * @type {Record<string, Column>}
 */
export const COLUMNS = {
  name: { label: "Name", build: buildName, write: writeName },
  kind: { label: "Kind", text: kindWord },
  depth: { label: "Depth", build: buildDepth, write: writeDepth },
  puts: { label: "Put/s", number: true, text: (one) => rate(one.put_per_s) },
  gets: { label: "Get/s", number: true, text: (one) => rate(one.get_per_s) },
  backlog: { label: "Backlog", number: true, words: "items that wait in feeder threads, not in the pipe yet", text: (one) => count(backlog(one)) },
  unread: { label: "Unread", number: true, words: "bytes in the pipe", text: unread },
  unfinished: { label: "Unfinished", number: true, words: "tasks without their task_done()", text: (one) => count(one.unfinished) },
  oldest: { label: "Oldest", number: true, words: "age of the oldest item", text: (one) => time(one.oldest_s) },
  waiting: { label: "Waiting", number: true, write: writeWaiting },
  users: { label: "Users", number: true, words: "living processes that have it", text: (one) => count(one.users.length) },
  ends: { label: "Ends", text: (one) => ends(one.ends) },
  level: { label: "Level", write: writeLevel },
  holder: { label: "Holder", text: holder },
  held: { label: "Held for", number: true, text: (one) => time(one.held_s) },
  standing: { label: "State", write: writeStanding },
  type: { label: "Type", text: (one) => typeOf(one) || ABSENT },
  values: { label: "Value", words: "read without its lock: it may be half written", text: (one) => written(one, 60) },
  size: { label: "Size", number: true, text: (one) => bytes(one.size_bytes) },
  address: { label: "Address", text: (one) => one.address ?? ABSENT },
  server: { label: "Server", text: (one) => person(one.server) },
  objects: { label: "Objects", number: true, text: (one) => count(one.objects) },
  connections: { label: "Connections", number: true, text: (one) => count(one.connections) },
  workers: { label: "Workers", number: true, text: (one) => count(one.workers?.length) },
  queued: { label: "Queued", number: true, text: (one) => count(one.queued) },
  running: { label: "Running", number: true, text: (one) => count(one.running?.length) },
  done: { label: "Done", number: true, text: (one) => count(one.done) },
};

function buildName(cell) {
  cell.append(element("a"), " ", element("small", "num"));
}

function writeName(cell, one) {
  const { name, place } = called(one);
  put(cell.firstElementChild, name);
  attr(cell.firstElementChild, "href", programHref(one.program, { resource: one.id }));
  put(cell.lastElementChild, place);
}

function buildDepth(cell) {
  const bar = element("span", "share");
  bar.setAttribute("aria-hidden", "true");
  bar.append(element("span"));
  cell.append(bar, element("span", "num"));
}

function writeDepth(cell, one) {
  const share = fullness(one);
  const [bar, figure] = cell.children;
  bar.style.visibility = share === null ? "hidden" : "";
  if (share !== null) bar.firstElementChild.style.width = `${(share * 100).toFixed(1)}%`;
  mark(bar, "full", share === 1);
  put(figure, depth(one));
}

function writeWaiting(cell, one, now) {
  put(cell, queueing(one, now) || ABSENT);
  mark(cell, "some", one.waiting.length > 0);
}

function writeLevel(cell, one) {
  put(cell, level(one));
  mark(cell, "tone", one.abandoned ? "bad" : null);
}

function writeStanding(cell, one) {
  put(cell, standing(one));
  mark(cell, "tone", one.broken ? "bad" : null);
}
