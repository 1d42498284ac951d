/** The resources of a program, grouped by kind: each group is a table with the columns that apply to it. */

import { mark, put } from "../dom/dom.js";
import { count } from "../words/format.js";
import { Keyed } from "../dom/keyed.js";
import { isLive, resourcesOf, troubled } from "../words/programs.js";
import { COLUMNS } from "./columns.js";
import { route } from "../state/router.js";
import { store } from "../state/store.js";
import { element, part, stamp } from "../dom/template.js";

const GROUPS = [
  { title: "Queues", kinds: ["queue", "joinable_queue", "simple_queue"], columns: ["kind", "depth", "puts", "gets", "backlog", "unread", "unfinished", "oldest", "waiting", "users"] },
  { title: "Pipes", kinds: ["pipe"], columns: ["unread", "ends", "waiting", "users"] },
  { title: "Locks and semaphores", kinds: ["lock", "rlock", "semaphore", "bounded_semaphore"], columns: ["kind", "level", "holder", "held", "waiting", "users"] },
  { title: "Events, conditions, barriers", kinds: ["event", "condition", "barrier"], columns: ["kind", "standing", "waiting", "users"] },
  { title: "Shared values and memory", kinds: ["value", "array", "shared_memory"], columns: ["kind", "type", "values", "size", "users"] },
  { title: "Managers and listeners", kinds: ["manager", "listener"], columns: ["kind", "address", "server", "objects", "connections", "users"] },
  { title: "Pools", kinds: ["pool"], columns: ["workers", "queued", "running", "done", "users"] },
];
/** So many rows of a group; nobody reads more. */
const MOST = 200;
const root = document.getElementById("program");
const box = part(root, "resources");
/** @type {Map<string, {section: HTMLElement, rows: Keyed}>} */
const made = new Map();

/** Follow clicks on rows. */
export function startResources() {
  box.addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr");
    if (row && !event.target.closest("a") && getSelection().isCollapsed) row.querySelector("a").click();
  });
}

/** @param {string} id of the program */
export function showResources(id) {
  const all = resourcesOf(id);
  const opened = route().params.get("resource");
  const [now, amber] = [store.now(), troubled(id)];
  put(part(box, "count"), all.length ? count(all.length) : "");
  part(box, "none").hidden = all.length > 0;
  put(part(box, "none"), isLive(store.programs.get(id)) ? "It has made nothing to share yet: no queue, no lock, no shared value." : "It has ended, and what it shared with it.");
  for (const group of GROUPS) {
    const own = all.filter(({ kind }) => group.kinds.includes(kind)).map((one) => ({ one, opened, now, amber }));
    if (own.length || made.has(group.title)) show(group, own);
  }
}

function show(group, own) {
  const { section, rows } = made.get(group.title) ?? make(group);
  section.hidden = !own.length;
  put(section.querySelector("[data-cell=count]"), own.length > MOST ? `${count(own.length)}, of which ${MOST} are shown` : count(own.length));
  rows.show(own.length > MOST ? foremost(own) : own);
}

/** Of too many those that stand still, then those with the most waiting. */
const foremost = (own) => own.toSorted((a, b) => b.amber.has(b.one.id) - a.amber.has(a.one.id) || b.one.waiting.length - a.one.waiting.length).slice(0, MOST);

function make(group) {
  const section = stamp("resource-group");
  put(section.querySelector("[data-cell=title]"), group.title);
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

function head({ label, number, words }) {
  const th = element("th", number ? "num" : "", label);
  th.scope = "col";
  if (words) th.title = words;
  return th;
}

function cell({ key, number, build }) {
  const td = element(key === "name" ? "th" : "td", [`of-${key}`, number ? "num" : ""].join(" ").trim());
  if (key === "name") td.scope = "row";
  build?.(td);
  return td;
}

function update(row, columns, { one, opened, now, amber }) {
  mark(row, "amber", amber.has(one.id));
  mark(row, "open", one.id === opened);
  mark(row, "bad", one.abandoned || one.broken);
  columns.forEach(({ write, text }, at) => (write ? write(row.children[at], one, now) : put(row.children[at], text(one, now))));
}
