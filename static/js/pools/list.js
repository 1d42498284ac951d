/** The list of pools, at /pools. */

import { part, setAttr, setData, setText } from "../dom/dom.js";
import { ABSENT, count } from "../words/format.js";
import { roundRate } from "./jobs/list.js";
import { showState } from "../dom/rows.js";
import { onTheme } from "../widgets/palette.js";
import { runExample } from "./example.js";
import { startPoolDialog } from "./open.js";
import { rates } from "./rates.js";
import { poolState, groupWorkers } from "../words/pools.js";
import { detailHref, poolHref } from "../state/router.js";
import { POINTS } from "../state/samples.js";
import { peak, sparkline } from "../widgets/sparkline.js";
import { mountList } from "../widgets/pages.js";

/** Follow the address and the store. */
export function startPools() {
  startPoolDialog();
  part(document.getElementById("pools"), "example").addEventListener("click", (event) => runExample(event.currentTarget));
  onTheme(mountList("pool", { update, changed: ({ pools }) => pools.size }));
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
