/** The panel of a resource: figures, charts, and the processes that wait for it, hold it or use it. */

import { releaseLock } from "../acting/locks.js";
import { fill, part, setText } from "../dom/dom.js";
import { capitalized, clock, count, duration, plural } from "../words/format.js";
import { Keyed } from "../dom/rows.js";
import { nameOf } from "../words/pids.js";
import { openCharts } from "./charts.js";
import { factsOf } from "./facts.js";
import { probableHolder } from "../words/programs.js";
import { showPartLinks, showProcessLink } from "./links.js";
import { store } from "../state/store.js";

const MOST = 100;

/** @param {HTMLElement} panel @param {string} _program @param {string} id @param {HTMLElement} aside */
export function open(panel, _program, id, aside) {
  const shown = new ResourcePanel(panel, id, aside);
  part(panel, "release").addEventListener("click", (event) => releaseLock(id, event.currentTarget));
  return { show: () => shown.show(), close: () => shown.close() };
}

class ResourcePanel {
  #closeCharts = null; #last = null; #facts; #lists;

  constructor(panel, id, aside) {
    Object.assign(this, { panel, id, aside });
    this.#facts = new Keyed(part(panel, "facts"), "resource-fact", { key: ({ label }) => label, update: showFact });
    const list = (name, update) => new Keyed(part(panel, `${name}-list`), "resource-process", { key: ({ pid, to }) => `${pid} ${to}`, update });
    this.#lists = { workers: list("workers", showWorker), acquired: list("acquired", showUser), waiting: list("waiting", showWaiting), users: list("users", showUser) };
  }

  /** Show the resource; a removed one keeps its last figures. */
  show() {
    const current = store.resources.get(this.id);
    this.#last = current ?? this.#last;
    part(this.panel, "removed").hidden = Boolean(current) || store.seq === null;
    part(this.panel, "known").hidden = part(this.panel, "last").hidden = !this.#last;
    fill(this.aside, { "panel-title": this.#last ? this.#last.title : this.id });
    if (this.#last) this.#render(this.#last, Boolean(current));
  }

  close() {
    this.#closeCharts?.();
  }

  #render(one, exists) {
    this.#closeCharts ??= openCharts(part(this.panel, "charts"), one);
    const { place } = one;
    fill(this.panel, { kind: capitalized(one.kind_label), place: place && ` · ${place}`, problem: problemOf(one) });
    part(this.panel, "problem").hidden = !problemOf(one);
    part(this.panel, "release").hidden = !one.abandoned || one.manager !== null || !exists || store.role === "viewer";
    this.#facts.show(factsOf(one));
    const users = (pids) => pids.map((pid) => ({ pid }));
    const members = { workers: workersOf(one), acquired: users(one.acquired_by ?? []), waiting: one.waiting, users: users(one.users) };
    for (const [name, all] of Object.entries(members)) this.#list(name, exists ? all : []);
  }

  #list(name, all) {
    part(this.panel, name).hidden = !all.length;
    setText(part(this.panel, `${name}-count`), all.length > MOST ? `${count(all.length)}, first ${MOST} shown` : count(all.length));
    this.#lists[name].show(all.slice(0, MOST));
  }
}

function problemOf(one) {
  const { abandoned, broken, holder, waiting, lost } = one;
  if (broken) return "The barrier is broken: wait() raises BrokenBarrierError until it is reset.";
  if (!abandoned) return "";
  const pid = probableHolder(one);
  const who = pid === null ? "Its holder" : `Its ${holder === null ? "probable " : ""}holder ${nameOf(pid)} (pid ${pid})`;
  if (lost) return `${who} exited without releasing ${lost === 1 ? "a place" : `${lost} places`}.`;
  return `${who} exited without releasing it. ${waiting.length ? `${plural(waiting.length, "process")} ${waiting.length === 1 ? "waits" : "wait"} forever.` : "The next process to acquire it waits forever."}`;
}

function showFact(row, { label, value, why }, fact) {
  setText(label, fact.label);
  if (fact.resources) showPartLinks(value, fact.resources);
  else if (fact.pid === undefined) setText(value, fact.value);
  else showProcessLink(value, fact.pid);
  value.className = fact.style ?? "";
  setText(why, fact.why ?? "");
}

/** The workers with their tasks, the longest-running first, those without a task last. */
function workersOf({ workers, running }) {
  const tasks = new Map((running ?? []).map((task) => [task.pid, task]));
  return (workers ?? []).map((pid) => ({ pid, ...tasks.get(pid) })).sort((a, b) => (a.since ?? Infinity) - (b.since ?? Infinity) || a.pid - b.pid);
}

function showWorker(row, { who, label, since }, { pid, what: task, since: at }) {
  showProcessLink(who, pid);
  setText(label, task ?? "no task");
  setText(since, task ? duration(store.now() - at) : "");
}

const showUser = (row, { who }, { pid }) => showProcessLink(who, pid);

function showWaiting(row, { who, label: cell, since }, { pid, label, since: at }) {
  showProcessLink(who, pid);
  setText(cell, label);
  setText(since, duration(store.now() - at));
  since.title = `since ${clock(at)}`;
}
