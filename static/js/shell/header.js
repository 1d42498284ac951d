/** The top of the page: where we are, the machine's CPU and memory, how many there are in each state. */

import { attr, mark, put } from "../dom/dom.js";
import { tally } from "../processes/filter.js";
import { bytes } from "../words/format.js";
import { framed } from "../dom/frame.js";
import { onTheme } from "../widgets/palette.js";
import { staff } from "../words/pools.js";
import { isGrave } from "../words/programs.js";
import { href, onRoute, route } from "../state/router.js";
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
  showPage();
}

function showHost() {
  const { cpu_percent: cpu, memory_used_bytes: used, memory_total_bytes: total, cores, name } = store.host;
  put(places["cpu-words"], `${Math.round(cpu)} %`);
  put(places["memory-words"], `${(used / GIB).toFixed(1)} / ${bytes(total)}`);
  attr(host, "title", `${name}, ${cores} cores`);
  const past = store.samples(HOST);
  sparkline(places.cpu, past.cpu, { top: 100 });
  sparkline(places.memory, past.rss, { top: total });
}

/** Counts of each group wherever `data-tally` asks for one; those that want it are hidden at nought. */
function showCounts() {
  const counts = tally(store.processes.values());
  for (const place of document.querySelectorAll("[data-tally]")) {
    const number = counts[place.dataset.tally];
    put(place, number.toLocaleString("en"));
    const link = place.closest("[data-group]");
    if (!link) continue;
    mark(link, "some", number > 0 ? "" : null);
    if (link.closest(".tally")) link.hidden = !number;
    else if (["suspended", "waiting", "ended"].includes(link.dataset.group)) link.hidden = !number && !link.hasAttribute("aria-current");
  }
  put(pools, store.pools.size.toLocaleString("en"));
  const workers = [...store.pools.values()].reduce((sum, pool) => sum + staff(pool).stuck.length, 0);
  mark(pools, "tone", workers ? "warn" : null);
  put(programs, store.programs.size.toLocaleString("en"));
  const grave = store.waits.findings.filter(isGrave).length;
  mark(programs, "tone", grave ? "warn" : null);
  const stuck = counts.stuck + workers;
  const wrong = [grave && `▲ ${grave} standing still`, stuck && `▲ ${stuck} stuck`, counts.failed && `✕ ${counts.failed}`].filter(Boolean).join(" ");
  document.title = wrong ? `${wrong} · Procession` : "Procession";
}

function showPage() {
  const { page } = route();
  for (const link of document.querySelectorAll(".top nav a")) attr(link, "aria-current", link.dataset.page === page ? "page" : null);
  document.getElementById("list").hidden = page !== "processes";
  document.getElementById("events").hidden = page !== "events";
  for (const link of document.querySelectorAll(".tally a")) attr(link, "href", href("/", { state: link.dataset.group, q: null }));
}
