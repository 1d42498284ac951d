/** One pool: head, findings, figures, charts, workers, jobs, and the panel beside them.  Its address is /pools/ID. */

import { attr, mark, put } from "../dom/dom.js";
import { framed } from "../dom/frame.js";
import { ABSENT, clock, count } from "../words/format.js";
import { round, showJobs, startJobs } from "./jobs/list.js";
import { followBeside, showBeside } from "./beside.js";
import { openPoolCharts } from "./charts.js";
import { showFindings, startFindings } from "./findings.js";
import { poolState, staff } from "../words/pools.js";
import { retries } from "../words/tasks.js";
import { showVerbs, startVerbs } from "./verbs.js";
import { detailHref, onRoute, route } from "../state/router.js";
import { store } from "../state/store.js";
import { fill, part } from "../dom/template.js";
import { showWorkers, startWorkers } from "./workers/table.js";

const TICK_MS = 1000;
const PATIENCE_MS = 2500;
const root = document.getElementById("pool");
const head = part(root, "head");
const cells = Object.fromEntries([...root.querySelectorAll("[data-figure]")].map((cell) => [cell.dataset.figure, cell]));
let id = null;
let missing = null;
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
  followBeside(now);
  if (before !== id) switched();
  if (id) show();
}

function switched() {
  closeCharts();
  closeCharts = () => {};
  missing = null;
  part(root, "scroll").scrollTop = 0;
  if (id) closeCharts = openPoolCharts(root, id);
}

function show() {
  const pool = store.pools.get(id);
  part(root, "body").hidden = part(root, "known").hidden = !pool;
  showNobody(pool);
  if (!pool) return;
  showHead(pool);
  showVerbs(part(root, "verbs"), pool);
  showFindings(pool);
  showFigures(pool);
  showWorkers(pool);
  showJobs(pool);
  showBeside(pool);
}

/** What was opened a moment ago comes with the next delta: no reason for alarm. */
function showNobody(pool) {
  missing = pool ? null : missing ?? performance.now();
  const waits = store.seq === null || performance.now() - (missing ?? 0) < PATIENCE_MS;
  part(root, "nobody").hidden = Boolean(pool) || waits;
  attr(part(root, "journal"), "href", `/events?process=${encodeURIComponent(id)}`);
}

function showHead(pool) {
  const { icon, word, tone } = poolState(pool);
  const { name, pid, start_method: method, maxtasksperchild: most, retries: again, stuck_after_s: limit, created_at: at } = pool;
  mark(part(head, "badge"), "tone", tone);
  const facts = [method, most && `a new worker after ${count(most)} tasks`, again && retries(again),
    limit && `stuck after ${limit} s`, at && `opened ${clock(at)}`];
  fill(head, { name, icon, word, host: `pid ${pid ?? ABSENT}`, facts: facts.filter(Boolean).join(" · ") });
  attr(part(head, "host"), "href", detailHref(pool.id));
}

function showFigures(pool) {
  const { working, stuck } = staff(pool);
  put(cells.workers, `${working.length} / ${pool.processes}`);
  mark(cells.workers, "tone", stuck.length ? "warn" : null);
  for (const name of ["queued", "running", "done", "failed", "lost", "retried", "stolen"]) {
    put(cells[name], count(pool[name]));
    mark(cells[name], "some", pool[name] > 0);
  }
  put(cells.rate, count(round(pool.tasks_per_s)));
}
