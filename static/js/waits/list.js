/** The wait graph as sentences, for screen readers and narrow windows. */

import { linkTo, setChildren, setText } from "../dom/dom.js";
import { duration } from "../words/format.js";
import { Keyed } from "../dom/rows.js";
import { hrefOf, hasExited, nameOf } from "../words/pids.js";
import { programHref } from "../state/router.js";
import { store } from "../state/store.js";

const MOST = 200;
const MOST_NAMED = 3;

/** @param {HTMLElement} place */
export class WaitList {
  #rows;

  constructor(place) {
    this.#rows = new Keyed(place, "wait", { key: keyOf, update: (row, cells, edge) => this.#update(row, cells, edge) });
  }

  /** @param {string} program id @param {object[]} edges @param {Set<string>} blocked keys of the waits in blocking findings @param {number} now */
  show(program, edges, blocked, now) {
    Object.assign(this, { program, blocked, now });
    const order = [...edges].sort((a, b) => Number(blocked.has(keyOf(b))) - Number(blocked.has(keyOf(a))) || a.since - b.since);
    this.#rows.show(order.slice(0, MOST));
    return Math.max(0, edges.length - MOST);
  }

  #update(row, cells, edge) {
    const { pid, resource, of, since, holders, unblockers, timed, phrase, ended_by: endedBy } = edge;
    row.toggleAttribute("data-blocked", this.blocked.has(keyOf(edge)));
    setText(cells.for, duration(this.now - since));
    setText(cells.timed, timed ? "with a timeout" : "");
    const record = store.resources.get(resource);
    const able = endedBy ? unblockers ?? holders : [];
    const known = [pid, of, ...holders, ...able].map((one) => [nameOf(one), hasExited(one)]);
    setChildren(cells.words, JSON.stringify([resource, phrase, endedBy, able, known, record?.name]), () => {
      const what = resource ? [this.#resourceLink(resource, record)] : processLinks(of === null ? holders : [of]);
      return [processLink(pid), ` ${phrase} `, ...what, endedBy && `, ${endedBy} `, ...processLinks(able)];
    });
  }

  #resourceLink(id, record) {
    return linkTo(record ? record.title : id, programHref(record?.program ?? this.program, { resource: id }));
  }
}

/** The key of a wait: who waits, and for what. @param {object} edge */
export const keyOf = ({ pid, resource, of, to }) => `${pid} ${resource ?? `p${of}`} ${to}`;

function processLinks(pids) {
  const names = pids.slice(0, MOST_NAMED).flatMap((pid, at) => [at ? ", " : "", processLink(pid), hasExited(pid) ? " (exited)" : ""]);
  return [...names, pids.length > MOST_NAMED ? ` and ${pids.length - MOST_NAMED} more` : ""];
}

function processLink(pid) {
  const name = nameOf(pid);
  return linkTo(name.startsWith("pid ") ? name : `${name} (${pid})`, hrefOf(pid));
}
