/** The columns of the tables of resources. */

import { element, setAttr, setData, setText } from "../dom/dom.js";
import { ABSENT, bytes, capitalized, count, duration, known } from "../words/format.js";
import { hasExited, nameOf } from "../words/pids.js";
import { probableHolder } from "../words/programs.js";
import { backlog, figure, fullness, isSemaphore, queueDepth, typeOf, unread, valueText, waitingText } from "../words/resources.js";
import { programHref } from "../state/router.js";

/** "12", "0.4" per second @param {number|null} value */
export const rate = (value) => (known(value) ? count(value >= 10 ? Math.round(value) : Number(value.toFixed(1))) : ABSENT);

/** "worker-1 12 (exited)" @param {number|null} pid */
export const processLabel = (pid) => (known(pid) ? `${nameOf(pid).startsWith("pid") ? "pid" : nameOf(pid)} ${pid}${hasExited(pid) ? " (exited)" : ""}` : ABSENT);

const MOST_NAMED = 2;

/** "worker-1 12, worker-2 13 and 4 more" @param {number[]} pids */
function processList(pids) {
  const rest = pids.length - MOST_NAMED;
  return pids.slice(0, rest > 1 ? MOST_NAMED : MOST_NAMED + 1).map(processLabel).join(", ") + (rest > 1 ? ` and ${count(rest)} more` : "");
}

/** "read: main 12 · write: worker-1 13" for the ends of a pipe @param {object|null} value */
function ends(value) {
  if (!value) return ABSENT;
  return Object.entries(value).map(([end, pids]) => `${end}: ${processList([pids].flat()) || "none"}`).join(" · ");
}

/** The holder of a lock, or the processes that have acquired a semaphore. @param {object} one */
function holder(one) {
  const holders = isSemaphore(one) ? processList(one.acquired_by ?? []) : "";
  if (one.abandoned) return [processLabel(probableHolder(one)).replace(ABSENT, "exited"), holders].filter(Boolean).join(", ");
  if (one.holder_unknown) return "unknown";
  return isSemaphore(one) ? holders || ABSENT : processLabel(one.holder);
}

/**
 * @typedef {{label: string, number?: boolean, tip?: string, text?: (one: object, now: number) => any, bad?: (one: object) => boolean,
 *   build?: (cell: HTMLElement) => void, write?: (cell: HTMLElement, one: object, now: number) => void}} Column
 * @type {Record<string, Column>}
 */
export const COLUMNS = {
  name: { label: "Name", build: buildName, write: writeName },
  kind: { label: "Kind", text: (one) => capitalized(one.kind_label) },
  depth: { label: "Depth", build: buildDepth, write: writeDepth },
  puts: { label: "Put/s", number: true, text: (one) => rate(one.put_per_s) },
  gets: { label: "Get/s", number: true, text: (one) => rate(one.get_per_s) },
  backlog: { label: "Backlog", number: true, tip: "items in feeder threads, not yet in the pipe", text: (one) => count(backlog(one)) },
  unread: { label: "Unread", number: true, tip: "bytes in the pipe", text: unread },
  unfinished: { label: "Unfinished", number: true, tip: "items without task_done()", text: (one) => count(one.unfinished) },
  oldest: { label: "Oldest", number: true, tip: "age of the oldest item", text: (one) => duration(one.oldest_s) },
  waiting: { label: "Waiting", number: true, write: writeWaiting },
  users: { label: "Users", number: true, tip: "live processes that use it", text: (one) => count(one.users.length) },
  ends: { label: "Ends", text: (one) => ends(one.ends) },
  level: { label: "State", text: figure, bad: (one) => one.abandoned },
  holder: { label: "Holder", text: holder },
  held: { label: "Held for", number: true, text: (one) => duration(one.held_s) },
  standing: { label: "State", text: figure, bad: (one) => one.broken },
  type: { label: "Type", text: (one) => typeOf(one) || ABSENT },
  values: { label: "Value", tip: "read without the lock; may be partly written", text: (one) => valueText(one, 60) },
  size: { label: "Size", number: true, text: (one) => bytes(one.size_bytes) },
  address: { label: "Address", text: (one) => one.address ?? ABSENT },
  server: { label: "Server", text: (one) => processLabel(one.server) },
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
  setText(cell.firstElementChild, one.title);
  setAttr(cell.firstElementChild, "href", programHref(one.program, { resource: one.id }));
  setText(cell.lastElementChild, one.place);
}

function buildDepth(cell) {
  const bar = element("span", "share");
  bar.setAttribute("aria-hidden", "true");
  bar.append(element("span"));
  cell.append(bar, element("span", "num"));
}

function writeDepth(cell, one) {
  const share = fullness(one);
  const [bar, depth] = cell.children;
  bar.style.visibility = share === null ? "hidden" : "";
  if (share !== null) bar.firstElementChild.style.width = `${(share * 100).toFixed(1)}%`;
  setData(bar, "full", share === 1);
  setText(depth, queueDepth(one));
}

function writeWaiting(cell, one, now) {
  setText(cell, waitingText(one, now) || ABSENT);
  setData(cell, "some", one.waiting.length > 0);
}
