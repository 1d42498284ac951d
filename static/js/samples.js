/** The last minute of CPU and memory of each process, one value a second: what the sparklines draw. */

export const POINTS = 60;
const EMPTY = Object.freeze({ cpu: [], rss: [] });

/** Bounded series by id; a process that is not there any more is forgotten. */
export class Samples {
  #series = new Map();
  /** Grows with every tick, so that drawers know whether there is something new. */
  version = 0;

  /** @param {string} id @returns {{cpu: (number|null)[], rss: (number|null)[]}} oldest first; do not change it */
  of(id) {
    return this.#series.get(id) ?? EMPTY;
  }

  /** Take the present values of all records. @param {Iterable<object>} records */
  tick(records) {
    for (const record of records) {
      const series = this.#series.get(record.id) ?? this.#begin(record.id);
      push(series.cpu, record.cpu_percent);
      push(series.rss, record.rss_bytes);
    }
    this.version += 1;
  }

  /** Put what the server remembers before what we saw. @param {Record<string, {cpu_percent: [], rss_bytes: []}>} history */
  seed(history) {
    for (const [id, past] of Object.entries(history)) {
      const series = this.#series.get(id) ?? this.#begin(id);
      series.cpu = [...(past.cpu_percent ?? []), ...series.cpu].slice(-POINTS);
      series.rss = [...(past.rss_bytes ?? []), ...series.rss].slice(-POINTS);
    }
    this.version += 1;
  }

  /** @param {string} id */
  forget(id) {
    this.#series.delete(id);
  }

  clear() {
    this.#series.clear();
    this.version += 1;
  }

  #begin(id) {
    const series = { cpu: [], rss: [] };
    this.#series.set(id, series);
    return series;
  }
}

function push(values, value) {
  values.push(value ?? null);
  if (values.length > POINTS) values.shift();
}
