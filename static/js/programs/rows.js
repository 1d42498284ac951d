/** The table of a program's processes; of more than sixty only those in sight exist. */

import { act } from "../acting/processes.js";
import { mark, put } from "../dom/dom.js";
import { count } from "../words/format.js";
import { Keyed } from "../dom/keyed.js";
import { showProcess } from "./row.js";
import { troubled } from "../words/programs.js";
import { family } from "./tree.js";
import { store } from "../state/store.js";
import { part } from "../dom/template.js";
import { offers } from "../words/offers.js";
import { Windowed } from "../dom/windowed.js";

const ALL_SHOWN = 60;
const root = document.getElementById("program");
const box = part(root, "processes");
let program = null;
let now = 0;
let amber = new Set();

const rows = new Keyed(part(box, "rows"), "program-process", { key: ({ key }) => key, update });
const windowed = new Windowed(part(box, "scroll"), { above: part(box, "above"), below: part(box, "below") }, {
  most: ALL_SHOWN, changed: () => program && show(),
});

/** Follow clicks on rows and their buttons. */
export function startRows() {
  part(box, "rows").addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    const button = event.target.closest("button");
    if (button) return void act(button.dataset.verb, row.dataset.id, button);
    if (row && !event.target.closest("a") && getSelection().isCollapsed) row.querySelector("a").click();
  });
}

/** @param {string} id of the program */
export function showProcesses(id) {
  program = id;
  show();
}

function show() {
  const all = family(program);
  now = store.now();
  amber = troubled(program);
  rows.show(windowed.slice(all));
  const alive = all.filter(({ kind, record }) => kind === "descendant" || record.alive).length;
  put(part(box, "count"), all.length === alive ? `${count(alive)} running` : `${count(alive)} of ${count(all.length)} running`);
}

function update(row, cells, member) {
  row.dataset.id = member.key;
  mark(row, "kind", member.kind);
  showProcess(row, cells, member, now, amber);
  offer(cells.verbs, member.record);
}

/** Show the buttons that fit its state. */
function offer(place, record) {
  const possible = offers(record).map(({ verb }) => verb);
  const stand = `${record.name} ${possible}`;
  if (place.dataset.offered === stand) return;
  place.dataset.offered = stand;
  for (const button of place.children) {
    button.hidden = !possible.includes(button.dataset.verb);
    button.setAttribute("aria-label", `${button.textContent} ${record.name}, pid ${record.pid}`);
  }
}
