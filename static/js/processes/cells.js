/** What stands in each cell of a row: one writer per column, which touches the DOM only where something changed. */

import { attr, mark, put } from "../dom/dom.js";
import { ABSENT, count, duration, mebibytes, percent, stateOf, uptime } from "../words/format.js";
import { waitsFor } from "../words/holding.js";
import { outcome } from "../words/outcome.js";
import { detailHref } from "../state/router.js";
import { peak, sparkline } from "../widgets/sparkline.js";

const MIB = 1024 * 1024;

/** @typedef {(cell: HTMLElement, item: import("./tree.js").Item, now: number) => void} Writer */

/** @type {Record<string, Writer>} for processes */
export const PROCESS = {
  name(cell, { record, below, folded }) {
    const [fold, , link, small] = cell.children;
    fold.hidden = !below;
    if (below) {
      put(fold, folded ? "▶" : "▼");
      attr(fold, "aria-label", folded ? `Show what is below ${record.name}` : `Hide what is below ${record.name}`);
    }
    put(link, record.name);
    attr(link, "href", detailHref(record.id));
    put(small, (record.workload ?? record.target) === record.name ? "" : record.workload ?? record.target);
  },
  state(cell, { record, gone }) {
    const { icon, word, tone } = gone ? { icon: "✓", word: "closed", tone: "dim" } : stateOf(record);
    writeState(cell.firstElementChild, icon, word, tone);
  },
  pid: (cell, { record }) => put(cell, record.pid ?? ABSENT),
  ppid: (cell, { record }) => put(cell, record.ppid ?? ABSENT),
  daemon: (cell, { record }) => put(cell, record.daemon ? "yes" : "no"),
  method: (cell, { record }) => put(cell, record.start_method),
  cpu: (cell, { record }) => put(cell.lastElementChild, percent(record.cpu_percent)),
  rss: (cell, { record }) => put(cell.lastElementChild, mebibytes(record.rss_bytes)),
  up: (cell, { record }, now) => put(cell, duration(uptime(record, now))),
  descendants: (cell, { record }) => put(cell, count(record.descendants || null)),
  restarts: (cell, { record }) => put(cell, count(record.restarts || null)),
  sentinel: (cell, { record }) => put(cell, sentinel(record.sentinel)),
  what(cell, { record }, now) {
    const [bar, code, words] = cell.children;
    const told = spoken(record, now);
    bar.hidden = told.share === undefined;
    if (!bar.hidden) bar.firstElementChild.style.width = `${(told.share * 100).toFixed(1)}%`;
    code.hidden = told.code === undefined;
    put(code, told.code ?? "");
    put(words, told.words);
    mark(words, "tone", told.tone);
    attr(cell, "title", told.words || null);
  },
};

const blank = (cell) => put(cell, ABSENT);

/** @type {Record<string, Writer>} for descendants, of which the OS knows less */
export const DESCENDANT = {
  ...PROCESS,
  name(cell, { record }) {
    const [fold, , link, small] = cell.children;
    fold.hidden = true;
    put(link, record.name);
    attr(link, "href", record.root ? detailHref(record.root, "descendants") : null);
    put(small, record.orphan ? "orphan" : "descendant");
  },
  state: (cell, { record, gone }) => writeState(cell.firstElementChild, ...(gone ? ["✓", "gone", "dim"] : osState(record))),
  daemon: blank,
  method: blank,
  up: (cell, { record }, now) => put(cell, duration(record.start_time ? now - record.start_time : null)),
  descendants: blank,
  restarts: blank,
  sentinel: blank,
  what(cell, { record }) {
    const [bar, code, words] = cell.children;
    bar.hidden = code.hidden = true;
    put(words, record.command);
    mark(words, "tone", "dim");
    attr(cell, "title", record.command || null);
  },
};

/** @type {Record<string, Writer>} for the heading of a group of rows */
export const GROUP = {
  name(cell, { record }) {
    const [fold, , link, small] = cell.children;
    fold.hidden = true;
    put(link, `${record.name} ${record.count}`);
    attr(link, "href", null);
    put(small, "left behind by something that is gone; terminate or kill them here");
  },
};

/** The lines before the figures. @param {Record<string, HTMLElement>} cells @param {{cpu: [], rss: []}} samples */
export function drawSamples(cells, { cpu, rss }) {
  if (!cells.cpu.hidden) sparkline(cells.cpu.firstElementChild, cpu, { top: peak(cpu, 100) });
  if (!cells.rss.hidden) sparkline(cells.rss.firstElementChild, rss, { top: peak(rss, 16 * MIB) * 1.4 });
}

/** Where nothing else is to be said of a process of a program, what it waits for is. */
function spoken(record, now) {
  const told = outcome(record, now);
  const waits = !told.words && record.program && record.alive ? waitsFor(record.pid, now) : "";
  return waits ? { ...told, words: waits, tone: "dim" } : told;
}

function writeState(place, icon, word, tone) {
  put(place.firstElementChild, icon);
  put(place.lastElementChild, word);
  mark(place, "tone", tone);
}

const OS_STATES = { R: ["●", "running", "ok"], T: ["‖", "suspended", "dim"], Z: ["◍", "zombie", "dim"] };
const osState = ({ state }) => OS_STATES[state] ?? ["●", "sleeping", "ok"];

function sentinel(value) {
  if (!value) return ABSENT;
  if (value.held_by?.length) return `${value.fd} held by ${value.held_by[0]}`;
  return `${value.fd} ${value.ready ? "ready" : "waiting"}`;
}
