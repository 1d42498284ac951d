/** The page of a pool: head, findings, figures, charts, workers, jobs and the side panel.  Its address is /pools/ID. */

import { fill, part, setAttr, setData, setTexts } from "../dom/dom.js";
import { ABSENT, clock, count } from "../words/format.js";
import { roundRate, showCounts, showJobs, startJobs } from "./jobs/list.js";
import { poolPanel } from "./sidepanel.js";
import { openPoolCharts } from "./rates.js";
import { showFindings, startFindings } from "./findings.js";
import { poolState, groupWorkers } from "../words/pools.js";
import { retries } from "../words/tasks.js";
import { showVerbs, startVerbs } from "./verbs.js";
import { detailHref } from "../state/router.js";
import { mountPage } from "../widgets/pages.js";
import { showWorkers, startWorkers } from "./workers/table.js";

const root = document.getElementById("pool");
const head = part(root, "head");
const cells = Object.fromEntries([...root.querySelectorAll("[data-figure]")].map((cell) => [cell.dataset.figure, cell]));
let closeCharts = () => {};

/** Follow the address and the store. */
export function startPool() {
  startVerbs(part(root, "verbs"));
  startFindings();
  startWorkers();
  startJobs();
  mountPage("pool", {
    show, switched, panel: poolPanel,
    changed: ({ pools, processes, removed }, id) => pools.has(id) || processes.has(id) || removed.has(id),
  });
}

function switched(id) {
  closeCharts();
  closeCharts = id ? openPoolCharts(root, id) : () => {};
}

function show(pool) {
  showHead(pool);
  showVerbs(part(root, "verbs"), pool);
  showFindings(pool);
  showFigures(pool);
  showWorkers(pool);
  showJobs(pool);
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
  setTexts(cells, { workers: `${working.length} / ${pool.processes}`, rate: count(roundRate(pool.tasks_per_s)) });
  setData(cells.workers, "tone", stuck.length ? "warn" : null);
  showCounts(cells, pool, ["queued", "running", "done", "failed", "lost", "retried", "stolen"]);
}
