/** CPU and memory of a process over the last ten minutes. */

import { get } from "../state/api.js";
import { bytes, percent } from "../words/format.js";
import { openSeries } from "../widgets/series.js";
import { store } from "../state/store.js";

const POINTS = 600;
const MIB = 1024 * 1024;
const PERCENTS = [1, 2, 5, 10, 20, 25, 50, 100, 200, 400, 800, 1600, 3200];
const SIZES = Array.from({ length: 24 }, (_, power) => (MIB / 4) * 2 ** power);
const KINDS = [
  { name: "cpu", field: "cpu_percent", format: percent, least: 10, steps: PERCENTS },
  { name: "rss", field: "rss_bytes", format: bytes, least: MIB, steps: SIZES },
];

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function openUsage(panel, id) {
  return openSeries(panel, KINDS, {
    record: () => store.processes.get(id),
    alive: ({ alive }) => alive,
    past: async () => {
      const { at, series } = await get(`/api/v1/processes/${id}/history?points=${POINTS}`);
      return { at, ...series[id] };
    },
  });
}
