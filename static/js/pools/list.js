/** The list of pools, at /pools. */

import { framed, part, setAttr, setData, setText } from "../dom/dom.js";
import { ABSENT, count } from "../words/format.js";
import { roundRate } from "./jobs/list.js";
import { Keyed, mountRowClicks, showState } from "../dom/rows.js";
import { onTheme } from "../widgets/palette.js";
import { runExample } from "./example.js";
import { startPoolDialog } from "./open.js";
import { rates } from "./rates.js";
import { poolState, groupWorkers } from "../words/pools.js";
import { detailHref, onRoute, poolHref, route } from "../state/router.js";
import { POINTS } from "../state/samples.js";
import { peak, sparkline } from "../widgets/sparkline.js";
import { store } from "../state/store.js";

const SECOND_MS = 1000;
const root = document.getElementById("pools");
const rows = new Keyed(part(root, "rows"), "pool", { key: ({ id }) => id, update });
const render = framed(() => root.hidden || show());

/** Follow the address and the store. */
export function startPools() {
  startPoolDialog();
  mountRowClicks(part(root, "rows"));
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
  const shown = poolState(pool);
  const { working, stuck, alive } = groupWorkers(pool);
  setData(row, "dead", shown.dim);
  setText(cells.name, name);
  setAttr(cells.name, "href", poolHref(id));
  setText(cells.id, id);
  showState(cells, shown);
  setText(cells.method, method);
  setText(cells.workers, shown.dim ? ABSENT : `${working.length} / ${alive.length}`);
  setText(cells.stuck, stuck.length ? `▲ ${stuck.length} stuck` : "");
  for (const figure of ["queued", "running", "done", "failed", "lost"]) {
    setText(cells[figure], count(pool[figure]));
    setData(cells[figure], "some", pool[figure] > 0);
  }
  setText(cells.rate, shown.dim ? ABSENT : count(roundRate(pool.tasks_per_s)));
  setText(cells.pid, pid ?? ABSENT);
  setAttr(cells.pid, "href", detailHref(id));
  const past = rates(id).tasks_per_s.slice(-POINTS);
  sparkline(cells.line, past, { top: peak(past, 1) * 1.1 });
}
