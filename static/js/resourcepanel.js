/** The panel of one resource: its figures, its charts, who waits for it since when, and who has it. */

import { askBreak } from "./breaklock.js";
import { put } from "./dom.js";
import { clock, span } from "./format.js";
import { Keyed } from "./keyed.js";
import { hrefOf, isDead, nameOf } from "./pids.js";
import { openCharts } from "./resourcecharts.js";
import { factsOf } from "./resourcefacts.js";
import { called, partName } from "./resourcename.js";
import { kindWord, purpose } from "./resourcewords.js";
import { programHref } from "./router.js";
import { store } from "./store.js";
import { element, fill, part } from "./template.js";

const MOST = 100;

/** @param {HTMLElement} panel @param {string} _program @param {string} id @param {HTMLElement} aside */
export function open(panel, _program, id, aside) {
  const shown = new ResourcePanel(panel, id, aside);
  part(panel, "break").addEventListener("click", (event) => askBreak(id, event.currentTarget));
  return { show: () => shown.show(), close: () => shown.close() };
}

class ResourcePanel {
  #closeCharts = null; #last = null; #facts; #waiting; #users;

  constructor(panel, id, aside) {
    Object.assign(this, { panel, id, aside });
    this.#facts = new Keyed(part(panel, "facts"), "resource-fact", { key: ({ label }) => label, update: showFact });
    this.#waiting = new Keyed(part(panel, "waiting-list"), "resource-waiting", { key: ({ pid, to }) => `${pid} ${to}`, update: showWaiting });
    this.#users = new Keyed(part(panel, "users-list"), "resource-user", { key: (pid) => pid, update: (_, { who }, pid) => showPerson(who, pid) });
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
    part(this.panel, "break").hidden = !one.abandoned || !present || store.role === "viewer";
    this.#facts.show(factsOf(one));
    this.#list("waiting", this.#waiting, present ? one.waiting : []);
    this.#list("users", this.#users, present ? one.users : []);
  }

  #list(name, rows, all) {
    part(this.panel, name).hidden = !all.length;
    put(part(this.panel, `${name}-count`), all.length > MOST ? `${all.length}, the first ${MOST} of them` : String(all.length));
    rows.show(all.slice(0, MOST));
  }
}

function wrong({ abandoned, broken, holder, waiting }) {
  if (broken) return "This barrier is broken: whoever waits for it gets BrokenBarrierError until it is reset.";
  if (!abandoned) return "";
  const who = holder === null ? "Its holder" : `Its holder, ${nameOf(holder)} (pid ${holder}),`;
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

function showWaiting(row, { who, to, since }, { pid, to: verb, since: at }) {
  showPerson(who, pid);
  put(to, purpose(verb).replace(/ (into|from|to|for)$/, ""));
  put(since, `${span(Math.max(0, store.now() - at))}`);
  since.title = `since ${clock(at)}`;
}

/** What it is made of: links, made once. */
function showParts(place, ids) {
  if (place.dataset.stand === ids.join()) return;
  place.dataset.stand = ids.join();
  place.replaceChildren(...ids.flatMap((id, at) => {
    const one = store.resources.get(id);
    const made = element(one ? "a" : "span", "", one ? partName(one) : id);
    if (one) made.href = programHref(one.program, { resource: id });
    return at ? [", ", made] : [made];
  }));
}

/** A name with its pid, as a link where it is known. */
function showPerson(place, pid) {
  const name = nameOf(pid);
  const text = name.startsWith("pid ") ? name : `${name} ${pid}`;
  const stand = `${text} ${isDead(pid)} ${hrefOf(pid)}`;
  if (place.dataset.stand === stand) return;
  place.dataset.stand = stand;
  const href = hrefOf(pid);
  const made = element(href ? "a" : "span", "", text);
  if (href) made.href = href;
  place.replaceChildren(made, isDead(pid) ? " (ended)" : "");
}
