/** The page of a pool: head, findings, figures, charts, workers, jobs and the side panel.  Its address is /pools/ID. */

import { fill, framed, part, setAttr, setData, setText } from "../dom/dom.js";
import { ABSENT, clock, count } from "../words/format.js";
import { roundRate, showJobs, startJobs } from "./jobs/list.js";
import { followPanel, showPanel } from "./sidepanel.js";
import { openPoolCharts } from "./charts.js";
import { showFindings, startFindings } from "./findings.js";
import { poolState, groupWorkers } from "../words/pools.js";
import { retries } from "../words/tasks.js";
import { showVerbs, startVerbs } from "./verbs.js";
import { detailHref, onRoute, route } from "../state/router.js";
import { store } from "../state/store.js";
import { mountMissing } from "../widgets/missing.js";
import { showWorkers, startWorkers } from "./workers/table.js";

const TICK_MS = 1000;
const root = document.getElementById("pool");
const head = part(root, "head");
const cells = Object.fromEntries([...root.querySelectorAll("[data-figure]")].map((cell) => [cell.dataset.figure, cell]));
let id = null;
const missing = mountMissing(root);
let closeCharts = () => {};
const render = framed(() => id && show());

/** Follow the address and the store. */
export function startPool() {
  startVerbs(part(root, "verbs"));
  startFindings();
  startWorkers();
  startJobs();
  onRoute(follow);
  follow(route());
  store.subscribe(({ pools, removed, reset, processes, status }) => {
    if (id && (reset || status || pools.has(id) || removed.has(id) || processes.has(id))) render();
  });
  setInterval(() => id && !document.hidden && render(), TICK_MS);
}

function follow(now) {
  const before = id;
  id = now.pool;
  root.hidden = !id;
  followPanel(now);
  if (before !== id) switched();
  if (id) show();
}

function switched() {
  closeCharts();
  closeCharts = () => {};
  part(root, "scroll").scrollTop = 0;
  if (id) closeCharts = openPoolCharts(root, id);
}

function show() {
  const pool = store.pools.get(id);
  part(root, "body").hidden = part(root, "known").hidden = !pool;
  missing(id, pool);
  if (!pool) return;
  showHead(pool);
  showVerbs(part(root, "verbs"), pool);
  showFindings(pool);
  showFigures(pool);
  showWorkers(pool);
  showJobs(pool);
  showPanel(pool);
}

function showHead(pool) {
  const { icon, word, tone } = poolState(pool);
  const { name, pid, start_method: method, maxtasksperchild: most, retries: again, stuck_after_s: limit, created_at: at } = pool;
  setData(part(head, "badge"), "tone", tone);
  const facts = [method, most && `${count(most)} tasks per worker`, again && retries(again),
    limit && `stuck after ${limit} s`, at && `opened ${clock(at)}`];
  fill(head, { name, icon, word, host: `pid ${pid ?? ABSENT}`, facts: facts.filter(Boolean).join(" · ") });
  setAttr(part(head, "host"), "href", detailHref(pool.id));
}

function showFigures(pool) {
  const { working, stuck } = groupWorkers(pool);
  setText(cells.workers, `${working.length} / ${pool.processes}`);
  setData(cells.workers, "tone", stuck.length ? "warn" : null);
  for (const name of ["queued", "running", "done", "failed", "lost", "retried", "stolen"]) {
    setText(cells[name], count(pool[name]));
    setData(cells[name], "some", pool[name] > 0);
  }
  setText(cells.rate, count(roundRate(pool.tasks_per_s)));
}
