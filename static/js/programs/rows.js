/** The table of the processes of a program. */

import { act } from "../acting/processes.js";
import { part, setData, setText } from "../dom/dom.js";
import { count } from "../words/format.js";
import { Keyed, mountRowClicks, showVerbs } from "../dom/rows.js";
import { showProcess } from "./row.js";
import { blockedMembers } from "../words/programs.js";
import { processTree } from "./tree.js";
import { store } from "../state/store.js";
import { offers } from "../words/offers.js";
import { Windowed } from "../dom/windowed.js";

const root = document.getElementById("program");
const box = part(root, "processes");
let program = null;
let now = 0;
let blocked = new Set();

const rows = new Keyed(part(box, "rows"), "program-process", { key: ({ key }) => key, update });
const windowed = new Windowed(box, () => program && show());

/** Follow clicks on rows and their buttons. */
export function startRows() {
  mountRowClicks(part(box, "rows"), (button, row) => act(button.dataset.verb, row.dataset.id, button));
}

/** @param {string} id of the program */
export function showProcesses(id) {
  program = id;
  show();
}

function show() {
  const all = processTree(program);
  now = store.now();
  blocked = blockedMembers(program);
  rows.show(windowed.slice(all));
  const alive = all.filter(({ kind, record }) => kind === "descendant" || record.alive).length;
  setText(part(box, "count"), all.length === alive ? `${count(alive)} running` : `${count(alive)} of ${count(all.length)} running`);
}

function update(row, cells, member) {
  row.dataset.id = member.key;
  setData(row, "kind", member.kind);
  showProcess(row, cells, member, now, blocked);
  showVerbs(cells.verbs, offers(member.record).map(({ verb }) => verb), `${member.record.name}, pid ${member.record.pid}`);
}
