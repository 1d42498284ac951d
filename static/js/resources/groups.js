/** The resources of a program, grouped by kind: each group is a table with the columns that apply to it. */

import { element, part, setData, setText, stamp } from "../dom/dom.js";
import { count } from "../words/format.js";
import { Keyed, mountRowClicks } from "../dom/rows.js";
import { isLive, resourcesOf, blockedMembers } from "../words/programs.js";
import { COLUMNS } from "./columns.js";
import { route } from "../state/router.js";
import { store } from "../state/store.js";

const GROUPS = [
  { title: "Queues", kinds: ["queue", "joinable_queue", "simple_queue"], columns: ["kind", "depth", "puts", "gets", "backlog", "unread", "unfinished", "oldest", "waiting", "users"] },
  { title: "Pipes", kinds: ["pipe"], columns: ["unread", "ends", "waiting", "users"] },
  { title: "Locks and semaphores", kinds: ["lock", "rlock", "semaphore", "bounded_semaphore"], columns: ["kind", "level", "holder", "held", "waiting", "users"] },
  { title: "Events, conditions, barriers", kinds: ["event", "condition", "barrier"], columns: ["kind", "standing", "waiting", "users"] },
  { title: "Shared values and memory", kinds: ["value", "array", "shared_memory"], columns: ["kind", "type", "values", "size", "users"] },
  { title: "Managers and listeners", kinds: ["manager", "listener"], columns: ["kind", "address", "server", "objects", "connections", "users"] },
  { title: "Pools", kinds: ["pool"], columns: ["workers", "queued", "running", "done", "users"] },
];
/** Rows of a group. */
const MOST = 200;
const root = document.getElementById("program");
const box = part(root, "resources");
/** @type {Map<string, {section: HTMLElement, rows: Keyed}>} */
const made = new Map();

/** Follow clicks on rows. */
export function startResources() {
  mountRowClicks(box);
}

/** @param {string} id of the program */
export function showResources(id) {
  const all = resourcesOf(id);
  const opened = route().params.get("resource");
  const [now, blocked] = [store.now(), blockedMembers(id)];
  setText(part(box, "count"), all.length ? count(all.length) : "");
  part(box, "none").hidden = all.length > 0;
  setText(part(box, "none"), isLive(store.programs.get(id)) ? "The program has not created any shared resources yet." : "The program has ended; its shared resources are gone.");
  for (const group of GROUPS) {
    const own = all.filter(({ kind }) => group.kinds.includes(kind)).map((one) => ({ one, opened, now, blocked }));
    if (own.length || made.has(group.title)) show(group, own);
  }
}

function show(group, own) {
  const { section, rows } = made.get(group.title) ?? make(group);
  section.hidden = !own.length;
  setText(section.querySelector("[data-cell=count]"), own.length > MOST ? `${count(own.length)}, ${MOST} shown` : count(own.length));
  rows.show(own.length > MOST ? mostRelevant(own) : own);
}

/** Of too many, the blocked ones, then those with the most waiting processes. */
const mostRelevant = (own) => own.toSorted((a, b) => b.blocked.has(b.one.id) - a.blocked.has(a.one.id) || b.one.waiting.length - a.one.waiting.length).slice(0, MOST);

function make(group) {
  const section = stamp("resource-group");
  setText(section.querySelector("[data-cell=title]"), group.title);
  const columns = ["name", ...group.columns].map((key) => ({ key, ...COLUMNS[key] }));
  section.querySelector("thead tr").append(...columns.map(head));
  section.querySelector("table").setAttribute("aria-label", group.title);
  const rows = new Keyed(section.querySelector("tbody"), "resource-row", {
    key: ({ one }) => one.id, made: (row) => row.append(...columns.map(cell)), update: (row, _, record) => update(row, columns, record),
  });
  const before = GROUPS.slice(0, GROUPS.indexOf(group)).findLast(({ title }) => made.has(title));
  before ? made.get(before.title).section.after(section) : part(box, "groups").prepend(section);
  made.set(group.title, { section, rows });
  return made.get(group.title);
}

function head({ label, number, tip }) {
  const th = element("th", number ? "num" : "", label);
  th.scope = "col";
  if (tip) th.title = tip;
  return th;
}

function cell({ key, number, build }) {
  const td = element(key === "name" ? "th" : "td", [`of-${key}`, number ? "num" : ""].join(" ").trim());
  if (key === "name") td.scope = "row";
  build?.(td);
  return td;
}

function update(row, columns, { one, opened, now, blocked }) {
  setData(row, "blocked", blocked.has(one.id));
  setData(row, "open", one.id === opened);
  setData(row, "bad", one.abandoned || one.broken);
  columns.forEach(({ write, text, bad }, at) => {
    const place = row.children[at];
    write ? write(place, one, now) : setText(place, text(one, now));
    if (bad) setData(place, "tone", bad(one) ? "bad" : null);
  });
}
