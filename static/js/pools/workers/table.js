/** The table of a pool's workers: the stuck ones first, the ended ones last; of more than sixty only those in sight exist. */

import { mark, put } from "../../dom/dom.js";
import { Keyed } from "../../dom/keyed.js";
import { staff } from "../../words/pools.js";
import { poolHref, route } from "../../state/router.js";
import { part } from "../../dom/template.js";
import { Windowed } from "../../dom/windowed.js";
import { actOnWorker, possible } from "./acts.js";
import { showWorker } from "./row.js";

const ALL_SHOWN = 60;
const LABELS = { stack: "Stack", suspend: "Suspend", resume: "Resume", terminate: "Terminate", kill: "Kill" };
const root = document.getElementById("pool");
const box = part(root, "workers");
let pool = null;
let sought = null;

const rows = new Keyed(part(box, "rows"), "worker", {
  key: ({ pid, state }) => `${pid}${state === "ended" ? " ended" : ""}`,
  update: (row, cells, worker) => update(row, cells, worker),
});
const windowed = new Windowed(part(box, "scroll"), { above: part(box, "above"), below: part(box, "below") }, {
  most: ALL_SHOWN, changed: () => pool && show(),
});

/** Follow clicks on rows and their buttons. */
export function startWorkers() {
  part(box, "rows").addEventListener("click", (event) => {
    const pid = Number(event.target.closest("tr")?.dataset.pid);
    const button = event.target.closest("button");
    if (button) return void actOnWorker(button.dataset.verb, pool.id, pid, button);
    if (pid && !event.target.closest("a") && getSelection().isCollapsed) event.target.closest("tr").querySelector("a").click();
  });
}

/** @param {object} shown the pool */
export function showWorkers(shown) {
  pool = shown;
  show();
}

function show() {
  const { alive, ended, stuck, working } = staff(pool);
  const all = [...stuck, ...alive.filter((one) => !one.stuck), ...ended.toReversed()];
  seek(all);
  rows.show(windowed.slice(all));
  put(part(box, "count"), counted(alive, ended, working, stuck));
  part(box, "none").hidden = pool.workers.length > 0;
}

/** The worker whose panel was opened is brought into sight, once. */
function seek(all) {
  const wanted = route().params.get("worker");
  if (wanted === sought) return;
  sought = wanted;
  const index = all.findIndex(({ pid }) => pid === Number(wanted));
  if (index >= 0 && !rows.row(all[index].pid)) windowed.reveal(index, all.length);
}

function counted(alive, ended, working, stuck) {
  const suspended = alive.filter(({ state }) => state === "suspended").length;
  const words = [`${working.length} of ${alive.length} working`, stuck.length && `${stuck.length} stuck`, suspended && `${suspended} suspended`, ended.length && `${ended.length} ended`];
  return words.filter(Boolean).join(" · ");
}

function update(row, cells, worker) {
  const { pid } = worker;
  row.dataset.pid = pid;
  mark(row, "open", Number(route().params.get("worker")) === pid && worker.state !== "ended");
  const href = poolHref(pool.id, { worker: pid });
  if (cells.pid.getAttribute("href") !== href) cells.pid.setAttribute("href", href);
  showWorker(row, cells, pool, worker);
  offer(cells.verbs, worker);
}

/** Show the buttons that fit its state. */
function offer(place, worker) {
  const verbs = possible(worker);
  if (place.dataset.offered === verbs.join()) return;
  place.dataset.offered = verbs.join();
  for (const button of place.children) {
    button.hidden = !verbs.includes(button.dataset.verb);
    button.setAttribute("aria-label", `${LABELS[button.dataset.verb]} worker ${worker.pid}`);
  }
}
