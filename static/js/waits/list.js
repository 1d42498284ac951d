/** The same waits as sentences: for those who cannot see the drawing, and where there is no room for it. */

import { put } from "../dom/dom.js";
import { span } from "../words/format.js";
import { Keyed } from "../dom/keyed.js";
import { hrefOf, isDead, nameOf } from "../words/pids.js";
import { called } from "../words/names.js";
import { message, over, purpose } from "../words/resources.js";
import { able, endedBy } from "../words/liberators.js";
import { programHref } from "../state/router.js";
import { store } from "../state/store.js";
import { element } from "../dom/template.js";

const MOST = 200;
const NAMED = 3;
const MESSAGES = {
  answer: "which is served by", connect: "where these could accept it:", greet: "which could come from", over: "to be sent by", "send over": "to be taken by",
};
/** Who could let it go on was said already, or nobody knows. */
const SAYS_ALL = new Set(["join", "end", "accept"]);

/** @param {HTMLElement} place */
export class WaitList {
  #rows;

  constructor(place) {
    this.#rows = new Keyed(place, "wait", { key: keyOf, update: (row, cells, edge) => this.#update(row, cells, edge) });
  }

  /** @param {string} program id @param {object[]} edges @param {Set<string>} still keys of `keyOf` of those that will never go on @param {number} now */
  show(program, edges, still, now) {
    Object.assign(this, { program, still, now });
    const order = [...edges].sort((a, b) => Number(still.has(keyOf(b))) - Number(still.has(keyOf(a))) || a.since - b.since);
    this.#rows.show(order.slice(0, MOST));
    return Math.max(0, edges.length - MOST);
  }

  #update(row, cells, edge) {
    const { pid, resource, of, since, to, holders, timed } = edge;
    row.toggleAttribute("data-still", this.still.has(keyOf(edge)));
    put(cells.for, span(Math.max(0, this.now - since)));
    put(cells.timed, timed ? "with a timeout" : "");
    const record = store.resources.get(resource);
    const stand = JSON.stringify([pid, resource, of, to, holders.map(isDead), [pid, of, ...holders].map(nameOf), record?.name, record?.abandoned, able(edge, record), endedBy(to, record)]);
    if (row.dataset.stand === stand) return;
    row.dataset.stand = stand;
    const direct = resource === null && of === null;
    const what = direct ? people(holders) : [resource ? this.#what(resource) : who(of), ...by(able(edge, record), over(to, record), record)];
    cells.words.replaceChildren(who(pid), ` waits ${purpose(direct ? message(to) : over(to, record), record?.kind)} `, ...what);
  }

  #what(id) {
    const record = store.resources.get(id);
    return link(record ? called(record).name : id, programHref(record?.program ?? this.program, { resource: id }));
  }
}

/** One of each pair of who waits and for what. @param {object} edge */
export const keyOf = ({ pid, resource, of, to }) => `${pid} ${resource ?? `p${of}`} ${to}`;

function by(holders, to, record) {
  if (SAYS_ALL.has(to)) return [];
  if (record?.abandoned && !record.lost) return record.holder === null ? [", whose holder is dead"] : [", whose holder ", who(record.holder), " is dead"];
  if (!holders.length) return [", and nobody is there who could let it go on"];
  const words = MESSAGES[to] ?? endedBy(to, record, holders.length > 1);
  const start = MESSAGES[to] || words.startsWith("held") ? "" : record?.kind === "barrier" ? "where " : "which ";
  return [`, ${start}${words} `, ...people(holders)];
}

function people(pids) {
  const names = pids.slice(0, NAMED).flatMap((pid, at) => [at ? ", " : "", who(pid), isDead(pid) ? " (ended)" : ""]);
  return [...names, pids.length > NAMED ? ` and ${pids.length - NAMED} more` : ""];
}

function who(pid) {
  const name = nameOf(pid);
  return link(name.startsWith("pid ") ? name : `${name} (${pid})`, hrefOf(pid));
}

function link(text, href) {
  const made = element(href ? "a" : "span", "", text);
  if (href) made.href = href;
  return made;
}
