/**
 * The columns: their widths, how they sort, and which are dropped first when space is short.  A new column is a line
 * here, a writer in cells.js, and a header and a cell in _table.html.
 *
 * @typedef {{key: string, label: string, width: number, sort?: (record: object) => any, fixed?: boolean}} Column
 */

import { recall, remember } from "../dom/remember.js";

/** @type {Column[]} widths in pixels; `fixed` ones cannot be hidden */
export const COLUMNS = [
  { key: "select", label: "Select", width: 36, fixed: true },
  { key: "name", label: "Name", width: 224, fixed: true, sort: (r) => r.name.toLowerCase() },
  { key: "state", label: "State", width: 106, fixed: true, sort: (r) => r.state },
  { key: "pid", label: "pid", width: 64, sort: (r) => r.pid },
  { key: "ppid", label: "ppid", width: 64, sort: (r) => r.ppid },
  { key: "daemon", label: "Daemon", width: 64, sort: (r) => r.daemon },
  { key: "method", label: "Start method", width: 84, sort: (r) => r.start_method },
  { key: "cpu", label: "CPU %", width: 104, sort: (r) => r.cpu_percent },
  { key: "rss", label: "Memory (RSS)", width: 110, sort: (r) => r.rss_bytes },
  { key: "up", label: "Uptime", width: 70, sort: (r) => r.start_time && -r.start_time },
  { key: "descendants", label: "Descendants", width: 60, sort: (r) => r.descendants },
  { key: "restarts", label: "Restarts", width: 70, sort: (r) => r.restarts },
  { key: "sentinel", label: "Sentinel", width: 130, sort: (r) => r.sentinel?.fd },
  { key: "what", label: "Exit code, cause, progress", width: 260, fixed: true, sort: (r) => r.exitcode },
];

const DROPPED_FIRST = ["restarts", "ppid", "daemon", "method", "descendants", "sentinel", "rss", "up"];
const STORAGE_KEY = "columns";

/** Return the keys that the user chose, or null for those that fit. @returns {string[]|null} */
export function chosen() {
  const keys = recall(STORAGE_KEY);
  return Array.isArray(keys) ? keys : null;
}

/** @param {string[]|null} keys null: as many as fit */
export const choose = (keys) => remember(STORAGE_KEY, keys);

/** Return the columns that fit into `available` pixels. @param {number} available @returns {Column[]} */
export function shown(available) {
  const wanted = chosen();
  if (wanted) return COLUMNS.filter(({ key, fixed }) => fixed || wanted.includes(key));
  const left = new Set(COLUMNS.map(({ key }) => key));
  const fits = () => COLUMNS.reduce((sum, { key, width }) => sum + (left.has(key) ? width : 0), 0) <= available;
  for (const key of DROPPED_FIRST) if (!fits()) left.delete(key);
  return COLUMNS.filter(({ key }) => left.has(key));
}

/** Return the CSS grid of the columns; the last one takes the remaining width. @param {Column[]} columns */
export const template = (columns) =>
  columns.map(({ key, width }) => (key === "what" ? `minmax(${width}px, 1fr)` : `${width}px`)).join(" ");

/**
 * Return the comparison for `sort` ("cpu" or "-cpu"): absent values last; ties by age, newest first, then by id.
 * @param {string|null} sort @returns {(a: object, b: object) => number}
 */
export function comparison(sort) {
  const key = sort?.replace(/^-/, "");
  const value = COLUMNS.find((column) => column.key === key)?.sort;
  const age = (a, b) => (b.created_at ?? 0) - (a.created_at ?? 0) || a.id.length - b.id.length || (a.id < b.id ? -1 : 1);
  if (!value) return age;
  const direction = sort.startsWith("-") ? -1 : 1;
  return (a, b) => {
    const [x, y] = [value(a) ?? null, value(b) ?? null];
    if (x === y) return age(a, b);
    if (x === null || y === null) return x === null ? 1 : -1;
    return x < y ? -direction : direction;
  };
}
