/** The table of the workers of a pool: stuck ones first, ended ones last. */

import { part, setAttr, setData, setText } from "../../dom/dom.js";
import { Keyed, mountRowClicks, showVerbs } from "../../dom/rows.js";
import { groupWorkers } from "../../words/pools.js";
import { poolHref, route } from "../../state/router.js";
import { Windowed } from "../../dom/windowed.js";
import { actOnWorker, possible } from "./actions.js";
import { showWorker } from "./row.js";

const root = document.getElementById("pool");
const box = part(root, "workers");
let pool = null;
let revealed = null;

const rows = new Keyed(part(box, "rows"), "worker", { key: ({ pid, state }) => `${pid}${state === "ended" ? " ended" : ""}`, update });
const windowed = new Windowed(box, () => pool && show());

/** Follow clicks on rows and their buttons. */
export function startWorkers() {
  mountRowClicks(part(box, "rows"), (button, row) => actOnWorker(button.dataset.verb, pool.id, Number(row.dataset.pid), button));
}

/** @param {object} shown the open pool */
export function showWorkers(shown) {
  pool = shown;
  show();
}

function show() {
  const { alive, ended, stuck, working } = groupWorkers(pool);
  const all = [...stuck, ...alive.filter((one) => !one.stuck), ...ended.toReversed()];
  reveal(all);
  rows.show(windowed.slice(all));
  setText(part(box, "count"), summary(alive, ended, working, stuck));
  part(box, "none").hidden = pool.workers.length > 0;
}

/** Scroll the worker whose panel was opened into view, once. */
function reveal(all) {
  const wanted = route().params.get("worker");
  if (wanted === revealed) return;
  revealed = wanted;
  const index = all.findIndex(({ pid }) => pid === Number(wanted));
  if (index >= 0 && !rows.row(all[index].pid)) windowed.reveal(index, all.length);
}

function summary(alive, ended, working, stuck) {
  const suspended = alive.filter(({ state }) => state === "suspended").length;
  const parts = [`${working.length} of ${alive.length} working`, stuck.length && `${stuck.length} stuck`, suspended && `${suspended} suspended`, ended.length && `${ended.length} ended`];
  return parts.filter(Boolean).join(" · ");
}

function update(row, cells, worker) {
  const { pid } = worker;
  row.dataset.pid = pid;
  setData(row, "open", Number(route().params.get("worker")) === pid && worker.state !== "ended");
  setAttr(cells.pid, "href", poolHref(pool.id, { worker: pid }));
  showWorker(row, cells, pool, worker);
  showVerbs(cells.verbs, possible(worker), `worker ${pid}`);
}
