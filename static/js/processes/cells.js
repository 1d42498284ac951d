/** The cells of a row: one writer per column, which changes the DOM only where a value changed. */

import { setAttr, setData, setText } from "../dom/dom.js";
import { sentinelText } from "../words/explain.js";
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
      setText(fold, folded ? "▶" : "▼");
      setAttr(fold, "aria-label", `${folded ? "Expand" : "Collapse"} ${record.name}`);
    }
    setText(link, record.name);
    setAttr(link, "href", detailHref(record.id));
    setText(small, (record.workload ?? record.target) === record.name ? "" : record.workload ?? record.target);
  },
  state(cell, { record, gone }) {
    const { icon, word, tone } = gone ? { icon: "✓", word: "closed", tone: "dim" } : stateOf(record);
    writeState(cell.firstElementChild, icon, word, tone);
  },
  pid: (cell, { record }) => setText(cell, record.pid ?? ABSENT),
  ppid: (cell, { record }) => setText(cell, record.ppid ?? ABSENT),
  daemon: (cell, { record }) => setText(cell, record.daemon ? "yes" : "no"),
  method: (cell, { record }) => setText(cell, record.start_method),
  cpu: (cell, { record }) => setText(cell.lastElementChild, percent(record.cpu_percent)),
  rss: (cell, { record }) => setText(cell.lastElementChild, mebibytes(record.rss_bytes)),
  up: (cell, { record }, now) => setText(cell, duration(uptime(record, now))),
  descendants: (cell, { record }) => setText(cell, count(record.descendants || null)),
  restarts: (cell, { record }) => setText(cell, count(record.restarts || null)),
  sentinel: (cell, { record }) => setText(cell, sentinelText(record.sentinel)),
  what(cell, { record }, now) {
    const [bar, code, words] = cell.children;
    const shown = described(record, now);
    bar.hidden = shown.share === undefined;
    if (!bar.hidden) bar.firstElementChild.style.width = `${(shown.share * 100).toFixed(1)}%`;
    code.hidden = shown.code === undefined;
    setText(code, shown.code ?? "");
    setText(words, shown.words);
    setData(words, "tone", shown.tone);
    setAttr(cell, "title", shown.words || null);
  },
};

const blank = (cell) => setText(cell, ABSENT);

/** @type {Record<string, Writer>} for descendants, of which less is known */
export const DESCENDANT = {
  ...PROCESS,
  name(cell, { record }) {
    const [fold, , link, small] = cell.children;
    fold.hidden = true;
    setText(link, record.name);
    setAttr(link, "href", record.root ? detailHref(record.root, "descendants") : null);
    setText(small, record.orphan ? "orphan" : "descendant");
  },
  state: (cell, { record, gone }) => writeState(cell.firstElementChild, ...(gone ? ["✓", "gone", "dim"] : osState(record))),
  daemon: blank,
  method: blank,
  up: (cell, { record }, now) => setText(cell, duration(record.start_time ? now - record.start_time : null)),
  descendants: blank,
  restarts: blank,
  sentinel: blank,
  what(cell, { record }) {
    const [bar, code, words] = cell.children;
    bar.hidden = code.hidden = true;
    setText(words, record.command);
    setData(words, "tone", "dim");
    setAttr(cell, "title", record.command || null);
  },
};

/** @type {Record<string, Writer>} for the heading of a group of rows */
export const GROUP = {
  name(cell, { record }) {
    const [fold, , link, small] = cell.children;
    fold.hidden = true;
    setText(link, `${record.name} ${record.count}`);
    setAttr(link, "href", null);
    setText(small, "their parent has exited; you can terminate or kill them");
  },
};

/** Draw the lines before the figures. @param {Record<string, HTMLElement>} cells @param {{cpu: [], rss: []}} samples */
export function drawSamples(cells, { cpu, rss }) {
  if (!cells.cpu.hidden) sparkline(cells.cpu.firstElementChild, cpu, { top: peak(cpu, 100) });
  if (!cells.rss.hidden) sparkline(cells.rss.firstElementChild, rss, { top: peak(rss, 16 * MIB) * 1.4 });
}

/** A process of a program without another outcome shows what it waits for. */
function described(record, now) {
  const shown = outcome(record, now);
  const waits = !shown.words && record.program && record.alive ? waitsFor(record.pid, now) : "";
  return waits ? { ...shown, words: waits, tone: "dim" } : shown;
}

function writeState(place, icon, word, tone) {
  setText(place.firstElementChild, icon);
  setText(place.lastElementChild, word);
  setData(place, "tone", tone);
}

const OS_STATES = { R: ["●", "running", "ok"], T: ["‖", "suspended", "dim"], Z: ["◍", "zombie", "dim"] };
const osState = ({ state }) => OS_STATES[state] ?? ["●", "sleeping", "ok"];
