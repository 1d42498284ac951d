/** The list of pools, at /pools; and what stands there while there is none. */

import { attr, mark, put } from "../dom/dom.js";
import { framed } from "../dom/frame.js";
import { ABSENT, count } from "../words/format.js";
import { round } from "./jobs/list.js";
import { Keyed } from "../dom/keyed.js";
import { onTheme } from "../widgets/palette.js";
import { runExample } from "./example.js";
import { startOpening } from "./open.js";
import { rates } from "./rates.js";
import { poolState, staff } from "../words/pools.js";
import { detailHref, onRoute, poolHref, route } from "../state/router.js";
import { POINTS } from "../state/samples.js";
import { peak, sparkline } from "../widgets/sparkline.js";
import { store } from "../state/store.js";
import { part } from "../dom/template.js";

const SECOND_MS = 1000;
const root = document.getElementById("pools");
const rows = new Keyed(part(root, "rows"), "pool", { key: ({ id }) => id, update });
const render = framed(() => root.hidden || show());

/** Follow the address and the store. */
export function startPools() {
  startOpening();
  part(root, "rows").addEventListener("click", (event) => {
    if (!event.target.closest("a") && getSelection().isCollapsed) event.target.closest("tr")?.querySelector("a").click();
  });
  part(root, "example").addEventListener("click", (event) => runExample(event.currentTarget));
  onRoute(follow);
  follow(route());
  store.subscribe(({ pools, removed, reset }) => (reset || pools.size || removed.size) && render());
  setInterval(render, SECOND_MS);
  onTheme(render);
}

function follow({ page, pool }) {
  root.hidden = page !== "pools" || Boolean(pool);
  if (!root.hidden) show();
}

function show() {
  const pools = [...store.pools.values()].toReversed();
  rows.show(pools);
  const known = store.seq !== null;
  part(root, "table").hidden = !pools.length;
  part(root, "empty").hidden = !known || pools.length > 0;
}

function update(row, cells, pool) {
  const { id, name, pid, start_method: method } = pool;
  const { icon, word, tone, dim } = poolState(pool);
  const { working, stuck, alive } = staff(pool);
  mark(row, "dead", dim);
  put(cells.name, name);
  attr(cells.name, "href", poolHref(id));
  put(cells.id, id);
  mark(cells.state, "tone", tone);
  put(cells.icon, icon);
  put(cells.word, word);
  put(cells.method, method);
  put(cells.workers, dim ? ABSENT : `${working.length} / ${alive.length}`);
  put(cells.stuck, stuck.length ? `▲ ${stuck.length} stuck` : "");
  for (const figure of ["queued", "running", "done", "failed", "lost"]) {
    put(cells[figure], count(pool[figure]));
    mark(cells[figure], "some", pool[figure] > 0);
  }
  put(cells.rate, dim ? ABSENT : count(round(pool.tasks_per_s)));
  put(cells.pid, pid ?? ABSENT);
  attr(cells.pid, "href", detailHref(id));
  const past = rates(id).tasks_per_s.slice(-POINTS);
  sparkline(cells.line, past, { top: peak(past, 1) * 1.1 });
}
