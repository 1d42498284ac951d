/** A line chart over time.  The only importer of uPlot; the colours are those of the theme. */

import uPlot from "uplot";
import { colour, onTheme } from "./palette.js";

const HEIGHT = 92;
const FONT = "10px ui-monospace, monospace";
const SYNC = uPlot.sync("usage");
const live = new Set();

onTheme(() => live.forEach((chart) => chart.rebuild()));

export class Chart {
  #plot = null;
  #data = [[], []];
  #range = [0, 1];
  #sizes;
  /** Whether the pointer is on the chart. */
  hovered = false;

  /** @param {HTMLElement} box @param {{format: (value: number) => string, least: number, steps: number[], hover: (index: number|null) => void}} options
   *  `least`: the minimum height of the scale; `steps`: the allowed distances between its ticks */
  constructor(box, options) {
    Object.assign(this, { box, options });
    this.#sizes = new ResizeObserver(() => this.#plot?.setSize({ width: this.#width(), height: HEIGHT }));
    this.#sizes.observe(box);
    live.add(this);
    this.rebuild();
  }

  /** @param {number[]} at @param {(number|null)[]} values @param {number} from @param {number} to */
  draw(at, values, from, to) {
    this.#range = [from, to];
    this.#data = [at.slice(), values.slice()];
    this.#plot.setData(this.#data);
  }

  /** Draw again in the current colours. */
  rebuild() {
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#make(), this.#data, this.box);
  }

  close() {
    live.delete(this);
    this.#sizes.disconnect();
    this.#plot.destroy();
  }

  #width() {
    return Math.max(120, Math.floor(this.box.clientWidth));
  }

  #make() {
    const line = colour("accent");
    const { format, least, steps } = this.options;
    const axis = { stroke: colour("dim"), font: FONT, grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
    return {
      width: this.#width(), height: HEIGHT, padding: [8, 10, 0, 0], legend: { show: false },
      cursor: { y: false, drag: { setScale: false, x: false }, sync: { key: SYNC.key }, points: { size: 6, stroke: line, fill: line } },
      scales: { x: { time: true, range: () => this.#range }, y: { range: (_, low, most) => range(steps, least, low ?? 0, most ?? 0) } },
      series: [{}, { stroke: line, width: 1.4, fill: faded(line), points: { show: false }, spanGaps: false }],
      axes: [
        { ...axis, size: 22, space: 80, gap: 4, grid: { show: false }, values: (_, ticks) => ticks.map(minute) },
        { ...axis, size: 54, space: 26, gap: 4, incrs: steps, values: (_, ticks) => ticks.map((tick) => format(tick)) },
      ],
      hooks: { setCursor: [(plot) => this.#hover(plot)] },
    };
  }

  #hover({ cursor: { idx, left } }) {
    this.hovered = left >= 0 && idx !== null && idx !== undefined;
    this.options.hover(this.hovered ? idx : null);
  }
}

/** From 0, or symmetric around it if there are negative values. */
function range(steps, least, low, most) {
  if (low >= 0) return [0, top(steps, least, most)];
  const both = top(steps, least, Math.max(-low, most));
  return [-both, both];
}

/** Twice a step: three ticks, and a stable scale while the values change a little. */
function top(steps, least, most) {
  const step = steps.find((one) => 2 * one * 1.02 >= Math.max(least, most)) ?? most / 2;
  return Math.max(2 * step, most);
}

const minute = (at) => new Date(at * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

function faded(line) {
  return `color-mix(in oklch, ${line} 13%, transparent)`;
}
