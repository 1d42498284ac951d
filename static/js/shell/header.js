/** The header: the open page, CPU and memory of the host, the number of processes in each state. */

import { framed, setAttr, setData, setText } from "../dom/dom.js";
import { countByState } from "../processes/filter.js";
import { bytes, count as formatted } from "../words/format.js";
import { onTheme } from "../widgets/palette.js";
import { groupWorkers } from "../words/pools.js";
import { isBlocking } from "../words/programs.js";
import { href, onRoute } from "../state/router.js";
import { HOST } from "../state/samples.js";
import { sparkline } from "../widgets/sparkline.js";
import { store } from "../state/store.js";

const GIB = 1024 ** 3;
const host = document.getElementById("host");
const pools = document.querySelector("[data-pools]");
const programs = document.querySelector("[data-programs]");
const places = Object.fromEntries([...host.querySelectorAll("[data-host]")].map((el) => [el.dataset.host, el]));

/** Follow the store and the address. */
export function mountHeader() {
  const count = framed(showCounts);
  const draw = framed(showHost);
  store.subscribe(({ processes, pools, programs, removed, waits, reset, status }) => {
    if (processes.size || pools.size || programs.size || removed.size || waits || reset) count();
    if (status && store.host) draw();
  });
  onTheme(draw);
  onRoute(showPage);
}

function showHost() {
  const { cpu_percent: cpu, memory_used_bytes: used, memory_total_bytes: total, cores, name } = store.host;
  setText(places["cpu-words"], `${Math.round(cpu)} %`);
  setText(places["memory-words"], `${(used / GIB).toFixed(1)} / ${bytes(total)}`);
  setAttr(host, "title", `${name}, ${cores} cores`);
  const past = store.samples.of(HOST);
  sparkline(places.cpu, past.cpu, { top: 100 });
  sparkline(places.memory, past.rss, { top: total });
}

/** Show the number of processes in each group at its `data-count` elements; some are hidden at 0. */
function showCounts() {
  const counts = countByState(store.processes.values());
  for (const place of document.querySelectorAll("[data-count]")) {
    const number = counts[place.dataset.count];
    setText(place, formatted(number));
    const link = place.closest("[data-group]");
    if (!link) continue;
    setData(link, "some", number > 0 ? "" : null);
    if (link.closest(".tally")) link.hidden = !number;
    else if (["suspended", "waiting", "ended"].includes(link.dataset.group)) link.hidden = !number && !link.hasAttribute("aria-current");
  }
  setText(pools, formatted(store.pools.size));
  const workers = [...store.pools.values()].reduce((sum, pool) => sum + groupWorkers(pool).stuck.length, 0);
  setData(pools, "tone", workers ? "warn" : null);
  setText(programs, formatted(store.programs.size));
  const blocking = store.waits.findings.filter(isBlocking).length;
  setData(programs, "tone", blocking ? "warn" : null);
  const stuck = counts.stuck + workers;
  const wrong = [blocking && `▲ ${blocking} blocked`, stuck && `▲ ${stuck} stuck`, counts.failed && `✕ ${counts.failed}`].filter(Boolean).join(" ");
  document.title = wrong ? `${wrong} · Procession` : "Procession";
}

function showPage({ page }) {
  for (const link of document.querySelectorAll(".top nav a")) setAttr(link, "aria-current", link.dataset.page === page ? "page" : null);
  document.getElementById("list").hidden = page !== "processes";
  document.getElementById("events").hidden = page !== "events";
  for (const link of document.querySelectorAll(".tally a")) setAttr(link, "href", href("/", { state: link.dataset.group, q: null }));
}
