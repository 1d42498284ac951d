/** CPU and memory of each process over the last minute, one value a second, for the sparklines. */

import { get } from "./api.js";

export const POINTS = 60;
/** The id of the samples of the host: CPU of all cores, memory in use. */
export const HOST = "host";
const EMPTY = Object.freeze({ cpu: [], rss: [] });

/** Bounded series by id. */
export class Samples {
  #series = new Map();
  /** Grows with every change, so that views know whether to draw. */
  version = 0;

  /** @param {string} id @returns {{cpu: (number|null)[], rss: (number|null)[]}} oldest first; read only */
  of(id) {
    return this.#series.get(id) ?? EMPTY;
  }

  /** Add the current values of all processes and of the host. @param {Iterable<object>} processes @param {object} host */
  tick(processes, host) {
    for (const { id, cpu_percent, rss_bytes } of processes) this.#push(id, cpu_percent, rss_bytes);
    this.#push(HOST, host.cpu_percent, host.memory_used_bytes);
    this.version += 1;
  }

  /** Fetch the history from the server. @param {() => number} now the server's clock */
  async recall(now) {
    const past = await get("/api/v1/history?points=600").catch(() => null);
    if (past?.series) this.seed(past, now());
  }

  /**
   * Prepend the last minute of the server's history.  Where it has fewer than one value a second, each counts until the
   * next.
   * @param {{at: number[], series: Record<string, {cpu_percent: [], rss_bytes: []}>}} history @param {number} now
   */
  seed({ at, series }, now) {
    const slots = at.map((time) => POINTS - 1 - Math.round(now - time));
    for (const [id, past] of Object.entries(series)) {
      const own = this.#series.get(id) ?? this.#begin(id);
      own.cpu = [...spread(slots, past.cpu_percent), ...own.cpu].slice(-POINTS);
      own.rss = [...spread(slots, past.rss_bytes), ...own.rss].slice(-POINTS);
    }
    this.version += 1;
  }

  /** @param {string} id */
  forget(id) {
    this.#series.delete(id);
  }

  #push(id, cpu, rss) {
    const series = this.#series.get(id) ?? this.#begin(id);
    push(series.cpu, cpu);
    push(series.rss, rss);
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

/** Return one value for each of the last seconds, from the first that is known. @param {number[]} slots @param {any[]} values */
function spread(slots, values = []) {
  const own = slots.slice(slots.length - values.length);
  const first = own.findIndex((slot) => slot >= 0);
  if (first < 0) return [];
  let at = first;
  return Array.from({ length: POINTS - own[first] }, (_, i) => {
    while (own[at + 1] <= own[first] + i) at += 1;
    return values[at];
  });
}
