/**
 * The data of the page: the snapshot of the supervisor, kept current by deltas.  State flows one way:
 *
 *   socket ──snapshot, delta──▶ store ──{processes, pools, programs, …, waits, removed, events, reset, status}──▶ views
 *
 * A delta that does not continue the current sequence is discarded and a fresh snapshot requested; nothing is replayed.
 */

import { byId, change, merge, NO_WAITS } from "./changes.js";
import { Samples } from "./samples.js";
import { connect, resync } from "./socket.js";

const MOST_EVENTS = 500;
const SAMPLE_MS = 1000;
/** The records by id; a pool has the id of its host process, a program that of its first process. */
const KINDS = ["processes", "descendants", "pools", "programs", "resources"];

class Store {
  /** Records by id. @type {Map<string, object>} */ processes = new Map(); descendants = new Map(); pools = new Map();
  programs = new Map(); resources = new Map();
  /** The wait graph of all programs and its findings. @type {{edges: object[], cycles: any[][], findings: object[], notes: object[]}} */ waits = NO_WAITS;
  /** The newest events, oldest first, at most MOST_EVENTS. @type {object[]} */ events = [];
  host = null; supervisor = null; seq = null;
  /** Whether the data is current: connected, and the supervisor answers. */
  connected = false;
  /** @type {number|null} server time */ staleSince = null;
  /** Why the supervisor is away, if the server knows. @type {string|null} */ away = null;
  /** Why the server rejects this page. @type {string|null} */ refusal = null;
  /** @type {"operator"|"viewer"} */ role = document.documentElement.dataset.role === "viewer" ? "viewer" : "operator";
  /** The last minute of each process, and of the HOST. */ samples = new Samples();
  #listeners = new Set(); #clockOffset = 0;

  /** Call `fn(change)` after every change. @param {(change: import("./changes.js").Change) => void} fn @returns {() => void} unsubscribe */
  subscribe(fn) {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  /** Return a process or a descendant. @param {string} id */
  get(id) {
    return this.processes.get(id) ?? this.descendants.get(id);
  }

  /** The wall clock of the server in seconds, the base of countdowns and uptimes; it does not jump with that of this machine. */
  now() {
    return this.connected ? performance.now() / 1000 + this.#clockOffset : this.staleSince ?? Date.now() / 1000;
  }

  start() {
    connect({
      snapshot: (snapshot) => this.#replace(snapshot),
      delta: (delta) => this.#apply(delta),
      away: ({ detail }) => this.#setStale({ away: detail }), down: () => this.#setStale({}),
      refused: (refusal) => this.#setStale({ refusal }),
    });
    setInterval(() => this.connected && this.samples.tick(this.processes.values(), this.host), SAMPLE_MS);
  }

  #replace(snapshot) {
    const first = this.seq === null;
    for (const kind of KINDS) this[kind] = byId(snapshot[kind] ?? []);
    this.events = (snapshot.events ?? []).slice(-MOST_EVENTS);
    const { host, supervisor, seq, waits } = snapshot;
    Object.assign(this, { host, supervisor, seq, waits: waits ?? NO_WAITS });
    this.#setCurrent(snapshot.at);
    const all = forEachKind((kind) => new Set(this[kind].keys()));
    this.#notify({ ...all, events: this.events, waits: true, reset: true, status: true });
    if (first) this.samples.recall(() => this.now());
  }

  #apply(delta) {
    if (this.seq === null || delta.seq <= this.seq) return;
    if (delta.base !== this.seq) return void resync();
    const { changed, removed = [], events = [] } = delta;
    const patched = forEachKind((kind) => merge(this[kind], changed[kind]));
    for (const id of removed) this.#remove(id);
    this.events = [...this.events, ...events].slice(-MOST_EVENTS);
    for (const name of ["host", "supervisor", "waits"]) this[name] = changed[name] ?? this[name];
    this.seq = delta.seq;
    this.#setCurrent(delta.at);
    const [waits, status] = [Boolean(changed.waits), Boolean(changed.host || changed.supervisor)];
    this.#notify({ ...patched, removed: new Set(removed), events, waits, status });
  }

  #remove(id) {
    for (const kind of KINDS) this[kind].delete(id);
    this.samples.forget(id);
  }

  #setCurrent(at) {
    this.#clockOffset = at - performance.now() / 1000;
    this.connected = true;
    this.staleSince = this.refusal = this.away = null;
  }

  #setStale({ refusal = null, away = null }) {
    if (!this.connected && !refusal && !away) return;
    if (this.connected) this.staleSince = this.now();
    this.connected = false;
    this.refusal = refusal;
    this.away = away ?? this.away;
    this.#notify({ status: true });
  }

  #notify(parts) {
    const changed = change(parts);
    for (const fn of this.#listeners) fn(changed);
  }
}

const forEachKind = (of) => Object.fromEntries(KINDS.map((kind) => [kind, of(kind)]));

export const store = new Store();
