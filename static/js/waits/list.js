/** The wait graph as sentences, for screen readers and narrow windows. */

import { linkTo, setChildren, setText } from "../dom/dom.js";
import { duration } from "../words/format.js";
import { Keyed } from "../dom/keyed.js";
import { hrefOf, hasExited, nameOf } from "../words/pids.js";
import { resourceName } from "../words/resourcenames.js";
import { directly, unblockedBy, unblockers, waitKind, waitPhrase } from "../words/waits.js";
import { programHref } from "../state/router.js";
import { store } from "../state/store.js";

const MOST = 200;
const MOST_NAMED = 3;
/** The phrase of these names everything that could end the wait. */
const NAMES_ALL = new Set(["join", "end", "accept"]);

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
    const { pid, of, since, to, holders, timed } = edge;
    row.toggleAttribute("data-blocked", this.blocked.has(keyOf(edge)));
    setText(cells.for, duration(this.now - since));
    setText(cells.timed, timed ? "with a timeout" : "");
    const record = store.resources.get(edge.resource);
    const known = [pid, of, ...holders].map((one) => [nameOf(one), hasExited(one)]);
    setChildren(cells.words, JSON.stringify([edge.resource, of, to, known, record?.name, record?.abandoned, unblockers(edge, record), unblockedBy(to, record)]), () => this.#sentence(edge, record));
  }

  #sentence(edge, record) {
    const { pid, resource, of, to, holders } = edge;
    const direct = resource === null && of === null;
    const kind = direct ? directly(to) : waitKind(to, record);
    const what = direct ? processLinks(holders) : [resource ? this.#resourceLink(resource, record) : processLink(of), ...unblockersOf(unblockers(edge, record), kind, record)];
    return [processLink(pid), ` ${waitPhrase(kind, record?.kind)} `, ...what];
  }

  #resourceLink(id, record) {
    return linkTo(record ? resourceName(record).name : id, programHref(record?.program ?? this.program, { resource: id }));
  }
}

/** The key of a wait: who waits, and for what. @param {object} edge */
export const keyOf = ({ pid, resource, of, to }) => `${pid} ${resource ?? `p${of}`} ${to}`;

function unblockersOf(holders, to, record) {
  if (NAMES_ALL.has(to)) return [];
  if (record?.abandoned && !record.lost) return record.holder === null ? [", whose holder has exited"] : [", held by ", processLink(record.holder), " (exited)"];
  if (!holders.length) return [", with no process left to unblock it"];
  return [`, ${unblockedBy(to, record, holders.length > 1)} `, ...processLinks(holders)];
}

function processLinks(pids) {
  const names = pids.slice(0, MOST_NAMED).flatMap((pid, at) => [at ? ", " : "", processLink(pid), hasExited(pid) ? " (exited)" : ""]);
  return [...names, pids.length > MOST_NAMED ? ` and ${pids.length - MOST_NAMED} more` : ""];
}

function processLink(pid) {
  const name = nameOf(pid);
  return linkTo(name.startsWith("pid ") ? name : `${name} (${pid})`, hrefOf(pid));
}
