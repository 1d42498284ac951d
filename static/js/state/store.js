/**
 * What the page knows: the supervisor's snapshot, kept current by deltas.  State flows one way:
 *
 *   socket ──snapshot, delta──▶ store ──{processes, pools, programs, …, waits, removed, events, reset, status}──▶ views
 *
 * A delta that does not follow on ours is thrown away and a fresh snapshot asked for; nothing is replayed.
 */

import { byId, change, merge, NO_WAITS } from "./changes.js";
import { Samples } from "./samples.js";
import { connect, resync } from "./socket.js";

const EVENTS = 500;
const SAMPLE_MS = 1000;
/** What is held by id; a pool has the id of the process that hosts it, a program that of its first process. */
const KINDS = ["processes", "descendants", "pools", "programs", "resources"];

class Store {
  /** Records by id. @type {Map<string, object>} */ processes = new Map(); descendants = new Map(); pools = new Map();
  programs = new Map(); resources = new Map();
  /** Who waits for what in all programs, and what that means. @type {{edges: object[], cycles: any[][], findings: object[]}} */ waits = NO_WAITS;
  /** Newest journal lines, oldest first, at most EVENTS. @type {object[]} */ events = [];
  host = null; supervisor = null; seq = null;
  /** Whether what is shown is current: connected, and the supervisor answers. */
  connected = false;
  /** @type {number|null} server's clock */ staleSince = null;
  /** Why the server does not want us. @type {string|null} */ refusal = null;
  /** @type {"operator"|"viewer"} */ role = document.documentElement.dataset.role === "viewer" ? "viewer" : "operator";
  #samples = new Samples(); #listeners = new Set(); #ahead = 0;

  /** Calls `fn(change)` after every change. @param {(change: import("./changes.js").Change) => void} fn @returns {() => void} unsubscribe */
  subscribe(fn) {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  /** @param {string} id of a process or a descendant */
  get(id) {
    return this.processes.get(id) ?? this.descendants.get(id);
  }

  /** @param {string} id or HOST @returns {{cpu: (number|null)[], rss: (number|null)[]}} last minute, oldest first */
  samples(id) {
    return this.#samples.of(id);
  }

  /** Another number whenever there are new samples. */
  get samplesVersion() {
    return this.#samples.version;
  }

  /** The server's wall clock now, in seconds: what countdowns and uptimes are reckoned with. */
  now() {
    return this.connected ? Date.now() / 1000 + this.#ahead : this.staleSince ?? Date.now() / 1000;
  }

  start() {
    connect({
      snapshot: (snapshot) => this.#replace(snapshot),
      delta: (delta) => this.#apply(delta),
      away: () => this.#lose(), down: () => this.#lose(),
      refused: (why) => this.#lose(why),
    });
    setInterval(() => this.connected && this.#samples.tick(this.processes.values(), this.host), SAMPLE_MS);
  }

  #replace(snapshot) {
    const first = this.seq === null;
    for (const kind of KINDS) this[kind] = byId(snapshot[kind] ?? []);
    this.events = (snapshot.events ?? []).slice(-EVENTS);
    const { host, supervisor, seq, waits } = snapshot;
    Object.assign(this, { host, supervisor, seq, waits: waits ?? NO_WAITS });
    this.#live(snapshot.at);
    const all = each((kind) => new Set(this[kind].keys()));
    this.#tell({ ...all, events: this.events, waits: true, reset: true, status: true });
    if (first) this.#samples.recall(() => this.now());
  }

  #apply(delta) {
    if (this.seq === null || delta.seq <= this.seq) return;
    if (delta.base !== this.seq) return void resync();
    const { changed, removed = [], events = [] } = delta;
    const patched = each((kind) => merge(this[kind], changed[kind]));
    for (const id of removed) this.#remove(id);
    this.events = [...this.events, ...events].slice(-EVENTS);
    for (const whole of ["host", "supervisor", "waits"]) this[whole] = changed[whole] ?? this[whole];
    this.seq = delta.seq;
    this.#live(delta.at);
    const [waits, status] = [Boolean(changed.waits), Boolean(changed.host || changed.supervisor)];
    this.#tell({ ...patched, removed: new Set(removed), events, waits, status });
  }

  #remove(id) {
    for (const kind of KINDS) this[kind].delete(id);
    this.#samples.forget(id);
  }

  #live(at) {
    this.#ahead = at - Date.now() / 1000;
    this.connected = true;
    this.staleSince = this.refusal = null;
  }

  #lose(why = null) {
    if (!this.connected && !why) return;
    if (this.connected) this.staleSince = this.now();
    this.connected = false;
    this.refusal = why;
    this.#tell({ status: true });
  }

  #tell(parts) {
    const told = change(parts);
    for (const fn of this.#listeners) fn(told);
  }
}

const each = (of) => Object.fromEntries(KINDS.map((kind) => [kind, of(kind)]));

export const store = new Store();
