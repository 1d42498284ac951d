/** The panel of one resource: its figures, its charts, who waits for it since when, and who has it. */

import { askBreak } from "../acting/locks.js";
import { put } from "../dom/dom.js";
import { clock, span } from "../words/format.js";
import { Keyed } from "../dom/keyed.js";
import { nameOf } from "../words/pids.js";
import { openCharts } from "./charts.js";
import { factsOf } from "./facts.js";
import { probableHolder } from "../words/programs.js";
import { showParts, showPerson } from "./links.js";
import { called } from "../words/names.js";
import { kindWord, purpose } from "../words/resources.js";
import { store } from "../state/store.js";
import { fill, part } from "../dom/template.js";

const MOST = 100;

/** @param {HTMLElement} panel @param {string} _program @param {string} id @param {HTMLElement} aside */
export function open(panel, _program, id, aside) {
  const shown = new ResourcePanel(panel, id, aside);
  part(panel, "break").addEventListener("click", (event) => askBreak(id, event.currentTarget));
  return { show: () => shown.show(), close: () => shown.close() };
}

class ResourcePanel {
  #closeCharts = null; #last = null; #facts; #workers; #acquired; #waiting; #users;

  constructor(panel, id, aside) {
    Object.assign(this, { panel, id, aside });
    this.#facts = new Keyed(part(panel, "facts"), "resource-fact", { key: ({ label }) => label, update: showFact });
    this.#workers = new Keyed(part(panel, "workers-list"), "resource-worker", { key: ({ pid }) => pid, update: showWorker });
    this.#acquired = this.#people("acquired-list");
    this.#waiting = new Keyed(part(panel, "waiting-list"), "resource-waiting", { key: ({ pid, to }) => `${pid} ${to}`, update: showWaiting });
    this.#users = this.#people("users-list");
  }

  #people(name) {
    return new Keyed(part(this.panel, name), "resource-user", { key: (pid) => pid, update: (_, { who }, pid) => showPerson(who, pid) });
  }

  /** What is gone keeps its last figures. */
  show() {
    const present = store.resources.get(this.id);
    this.#last = present ?? this.#last;
    part(this.panel, "gone").hidden = Boolean(present) || store.seq === null;
    part(this.panel, "known").hidden = part(this.panel, "last").hidden = !this.#last;
    fill(this.aside, { beside: this.#last ? called(this.#last).name : this.id });
    if (this.#last) this.#render(this.#last, Boolean(present));
  }

  close() {
    this.#closeCharts?.();
  }

  #render(one, present) {
    this.#closeCharts ??= openCharts(part(this.panel, "charts"), one);
    const { place } = called(one);
    fill(this.panel, { kind: kindWord(one), place: place && ` · ${place}`, why: wrong(one) });
    part(this.panel, "wrong").hidden = !wrong(one);
    part(this.panel, "break").hidden = !one.abandoned || one.manager !== null || !present || store.role === "viewer";
    this.#facts.show(factsOf(one));
    this.#list("workers", this.#workers, present ? workersOf(one) : []);
    this.#list("acquired", this.#acquired, present ? one.acquired_by ?? [] : []);
    this.#list("waiting", this.#waiting, present ? one.waiting : []);
    this.#list("users", this.#users, present ? one.users : []);
  }

  #list(name, rows, all) {
    part(this.panel, name).hidden = !all.length;
    put(part(this.panel, `${name}-count`), all.length > MOST ? `${all.length}, the first ${MOST} of them` : String(all.length));
    rows.show(all.slice(0, MOST));
  }
}

function wrong(one) {
  const { abandoned, broken, holder, waiting } = one;
  if (broken) return "This barrier is broken: whoever waits for it gets BrokenBarrierError until it is reset.";
  if (!abandoned) return "";
  const probably = probableHolder(one);
  const who = probably === null ? "Its holder" : `Its holder, ${holder === null ? "most likely " : ""}${nameOf(probably)} (pid ${probably}),`;
  if (one.lost) return `${who} died without releasing ${one.lost === 1 ? "a place" : `${one.lost} places`} of it, so nobody ever will.`;
  return `${who} died without releasing it, so nobody ever will. ${waiting.length ? `${waiting.length === 1 ? "One process waits" : `${waiting.length} processes wait`} in vain.` : "The next to acquire it waits in vain."}`;
}

function showFact(row, { label, value, why }, fact) {
  put(label, fact.label);
  if (fact.resources) showParts(value, fact.resources);
  else if (fact.pid === undefined) put(value, fact.value);
  else showPerson(value, fact.pid);
  value.className = fact.style ?? "";
  put(why, fact.why ?? "");
}

/** Each with its task; the longest at it first, who has none last. */
function workersOf({ workers, running }) {
  const tasks = new Map((running ?? []).map((task) => [task.pid, task]));
  return (workers ?? []).map((pid) => ({ pid, ...tasks.get(pid) })).sort((a, b) => (a.since ?? Infinity) - (b.since ?? Infinity) || a.pid - b.pid);
}

function showWorker(row, { who, what, since }, { pid, what: task, since: at }) {
  showPerson(who, pid);
  put(what, task ?? "no task");
  put(since, task ? span(Math.max(0, store.now() - at)) : "");
}

function showWaiting(row, { who, to, since }, { pid, to: verb, since: at }) {
  showPerson(who, pid);
  put(to, purpose(verb).replace(/ (into|from|to|for)$/, ""));
  put(since, `${span(Math.max(0, store.now() - at))}`);
  since.title = `since ${clock(at)}`;
}
