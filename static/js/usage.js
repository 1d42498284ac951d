/** CPU and memory of one process over the last ten minutes: what the server remembers, then one point a second. */

import { get } from "./api.js";
import { Chart } from "./chart.js";
import { bytes, clock, percent } from "./format.js";
import { store } from "./store.js";
import { part, say } from "./template.js";

const SPAN_S = 600;
const SECOND_MS = 1000;
const MIB = 1024 * 1024;
const PERCENTS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 400, 800, 1600, 3200];
const SIZES = Array.from({ length: 24 }, (_, power) => (MIB / 4) * 2 ** power);
/** [part, field, format, the least that the scale shows, steps of its ticks] */
const KINDS = [["cpu", "cpu_percent", percent, 10, PERCENTS], ["rss", "rss_bytes", bytes, MIB, SIZES]];

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function openUsage(panel, id) {
  const charts = KINDS.map((kind) => chart(panel, ...kind));
  const at = [];
  let closed = false;
  const draw = () => charts.forEach((one) => one.draw(at, store.now()));
  const tick = () => {
    const process = store.processes.get(id);
    append(at, charts, store.now(), store.connected ? process : null);
    charts.forEach((one) => one.now(process));
    if (!document.hidden) draw();
  };
  get(`/api/v1/processes/${id}/history?points=${SPAN_S}`).then((past) => closed || prepend(at, charts, past, id)).catch(() => {}).finally(() => closed || draw());
  const timer = setInterval(tick, SECOND_MS);
  tick();
  return () => { closed = true; clearInterval(timer); charts.forEach((one) => one.close()); };
}

function chart(panel, name, field, format, least, steps) {
  const label = part(panel, `${name}-now`);
  const values = [];
  let times = [];
  let latest = null;
  const figure = label.closest("figure");
  const reading = () => say(label, latest);
  const drawn = new Chart(part(panel, name), {
    format, least, steps,
    hover: (index) => (index === null ? reading() : say(label, `${format(values[index])} at ${clock(times[index])}`)),
  });
  return {
    field, values,
    now: (process) => {
      latest = format(process?.[field]);
      if (!drawn.hovered) reading();
      figure.hidden = !process?.alive && values.every((value) => value === null);
    },
    draw: (at, now) => { times = at; drawn.draw(at, values, now - SPAN_S, now); },
    close: () => drawn.close(),
  };
}

function append(at, charts, now, process) {
  at.push(now);
  for (const { field, values } of charts) values.push(process?.[field] ?? null);
  while (at.length && at[0] < now - SPAN_S) [at, ...charts.map(({ values }) => values)].forEach((one) => one.shift());
}

function prepend(at, charts, past, id) {
  const until = past.at.findIndex((moment) => moment >= at[0]);
  const end = until < 0 ? past.at.length : until;
  at.unshift(...past.at.slice(0, end));
  for (const { field, values } of charts) values.unshift(...(past.series[id]?.[field] ?? new Array(past.at.length).fill(null)).slice(0, end));
}
