/** The charts of a resource over the last ten minutes. */

import { bytes, count } from "../words/format.js";
import { rate } from "./columns.js";
import { ELEMENTS, isLock, isQueue, isSemaphore } from "../words/resources.js";
import { fetchHistory, openSeries, WHOLE } from "../widgets/series.js";
import { store } from "../state/store.js";
import { fill, part, stamp } from "../dom/dom.js";

const ANY = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** (power - 4))).flat();
const SIZES = Array.from({ length: 30 }, (_, power) => 16 * 2 ** power);
const depth = { name: "size", field: "size", title: "Depth", unit: "items", format: count, least: 4, steps: WHOLE };
const puts = { name: "puts", field: "put_per_s", title: "Put", unit: "items/s", format: rate, least: 4, steps: WHOLE };
const gets = { name: "gets", field: "get_per_s", title: "Get", unit: "items/s", format: rate, least: 4, steps: WHOLE };
const unread = { name: "unread", field: "pipe_bytes", title: "Unread", unit: "bytes in the pipe", format: bytes, least: 64, steps: SIZES };
const waiting = { name: "waiters", field: "waiting_count", title: "Waiting", unit: "processes", format: count, least: 4, steps: WHOLE };
const queued = { name: "queued", field: "queued", title: "Queued", unit: "tasks", format: count, least: 4, steps: WHOLE };

/** @param {object} resource */
function kindsFor(resource) {
  const { kind, maxsize, values } = resource;
  if (kind === "simple_queue" || kind === "pipe") return [unread];
  if (isQueue(resource)) return [bounded(maxsize), puts, gets];
  if (isLock(resource)) return [waiting];
  if (isSemaphore(resource)) return [{ ...depth, field: "value", title: "Free", unit: resource.maximum ? `of ${count(resource.maximum)}` : "" }, waiting];
  if (kind === "pool") return [queued];
  if (typeof values?.[0] !== "number") return [];
  return kind === "array" ? values.slice(0, ELEMENTS).map((_, at) => element(at, `[${at}]`)) : [element(0, "Value")];
}

/** A value of a Value or an Array; only the first has a history. */
const element = (at, title) => ({
  name: `element-${at}`, field: `element${at}`, title, unit: "read without the lock", least: 0.001, steps: ANY,
  format: (one) => (typeof one === "number" ? String(Number(one.toPrecision(6))) : "–"),
});

/** The scale of a bounded queue ends at its maxsize. */
const bounded = (most) => (most > 0 ? { ...depth, least: most, steps: [Math.ceil(most / 2), ...WHOLE], unit: `of ${count(most)} items` } : { ...depth, unit: "items, unbounded" });

/** Add the fields that only the charts need. @param {object|undefined} resource */
const withChartFields = (resource) => resource && { ...resource, waiting_count: resource.waiting.length, ...elements(resource.values ?? []) };

const elements = (values) => Object.fromEntries(values.slice(0, ELEMENTS).map((value, at) => [`element${at}`, value]));

/** @param {HTMLElement} place @param {object} resource @returns {() => void} close */
export function openCharts(place, resource) {
  const kinds = kindsFor(resource);
  place.hidden = !kinds.length;
  place.replaceChildren(...kinds.map(figure));
  if (!kinds.length) return () => {};
  return openSeries(place, kinds, {
    record: () => withChartFields(store.resources.get(resource.id)),
    alive: () => store.resources.has(resource.id),
    past: () => history(resource.id),
  });
}

async function history(id) {
  const past = await fetchHistory("resources", id);
  return { ...past, element0: past.value, waiting_count: past.waiting, queued: past.size };
}

function figure({ name, title, unit }) {
  const made = stamp("resource-chart");
  fill(made, { title, unit });
  part(made, "now").dataset.part = `${name}-now`;
  part(made, "chart").dataset.part = name;
  return made;
}
