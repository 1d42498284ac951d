/** Charts of the last ten minutes: first the history, then one point a second. */

import { get } from "../state/api.js";
import { Chart } from "./chart.js";
import { clock } from "../words/format.js";
import { store } from "../state/store.js";
import { part, setText } from "../dom/dom.js";

const SPAN_S = 600;
const SECOND_MS = 1000;
/** Distances between the ticks of whole numbers: 1, 2, 5, 10… */
export const WHOLE = Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

/** @typedef {{name: string, field: string, format: (value: any) => string, least: number, steps: number[]}} Kind
 *   `name`: the part of the chart; `least`, `steps`: as for a Chart */

/**
 * @param {HTMLElement} panel @param {Kind[]} kinds
 * @param {{record: () => object|undefined, alive: (record: object) => boolean, past: () => Promise<object>}} source
 *   `past`: `at` and a list of the same length for each field
 * @returns {() => void} close
 */
export function openSeries(panel, kinds, { record, alive, past }) {
  const charts = kinds.map((kind) => chart(panel, kind, alive));
  const at = [];
  let closed = false;
  const draw = () => charts.forEach((one) => one.draw(at, store.now()));
  const tick = () => {
    const current = record();
    append(at, charts, store.now(), store.connected ? current : null);
    charts.forEach((one) => one.now(current));
    if (!document.hidden) draw();
  };
  past().then((before) => closed || prepend(at, charts, before)).catch(() => {}).finally(() => closed || draw());
  const timer = setInterval(tick, SECOND_MS);
  tick();
  return () => { closed = true; clearInterval(timer); charts.forEach((one) => one.close()); };
}

function chart(panel, { name, field, format, least, steps }, alive) {
  const label = part(panel, `${name}-now`);
  const values = [];
  let times = [];
  let latest = null;
  const figure = label.closest("figure");
  const reading = () => setText(label, latest);
  const drawn = new Chart(part(panel, name), {
    format, least, steps,
    hover: (index) => (index === null ? reading() : setText(label, `${format(values[index])} at ${clock(times[index])}`)),
  });
  return {
    field, values,
    now: (current) => {
      latest = format(current?.[field]);
      if (!drawn.hovered) reading();
      figure.hidden = !(current && alive(current)) && values.every((value) => value === null);
    },
    draw: (at, now) => { times = at; drawn.draw(at, values, now - SPAN_S, now); },
    close: () => drawn.close(),
  };
}

function append(at, charts, now, current) {
  at.push(now);
  for (const { field, values } of charts) values.push(current?.[field] ?? null);
  while (at.length && at[0] < now - SPAN_S) [at, ...charts.map(({ values }) => values)].forEach((one) => one.shift());
}

/** Fetch the last ten minutes of a record: `at`, and a list of the same length for each field. @param {"processes"|"pools"|"resources"} kind @param {string} id */
export async function fetchHistory(kind, id) {
  const { at, series } = await get(`/api/v1/${kind}/${encodeURIComponent(id)}/history?points=${SPAN_S}`);
  return { at, ...series[id] };
}

/** Insert the part of `past` that is older than the first point. @param {number[]} at @param {{field: string, values: any[]}[]} series @param {{at: number[]}} past with a list for each field */
export function prepend(at, series, past) {
  const until = at.length ? past.at.findIndex((moment) => moment >= at[0]) : -1;
  const end = until < 0 ? past.at.length : until;
  at.unshift(...past.at.slice(0, end));
  for (const { field, values } of series) values.unshift(...(past[field] ?? new Array(past.at.length).fill(null)).slice(0, end));
}
