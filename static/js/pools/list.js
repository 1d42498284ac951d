/** The list of pools, at /pools. */

import { part, setAttr, setData, setTexts } from "../dom/dom.js";
import { ABSENT, count } from "../words/format.js";
import { roundRate, showCounts } from "./jobs/list.js";
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
  setTexts(cells, {
    id, name, method, pid: pid ?? ABSENT,
    workers: shown.dim ? ABSENT : `${working.length} / ${alive.length}`, stuck: stuck.length ? `▲ ${stuck.length} stuck` : "",
    rate: shown.dim ? ABSENT : count(roundRate(pool.tasks_per_s)),
  });
  showState(cells, shown);
  showCounts(cells, pool, ["queued", "running", "done", "failed", "lost"]);
  setAttr(cells.name, "href", poolHref(id));
  setAttr(cells.pid, "href", detailHref(id));
  const past = rates(id).tasks_per_s.slice(-POINTS);
  sparkline(cells.line, past, { top: peak(past, 1) * 1.1 });
}
