/** The page with the journal: newest first, live, filtered; the filter stands in the address. */

import { eventRow } from "./eventrow.js";
import { count } from "./format.js";
import { before, newest, passes } from "./journal.js";
import { NAMES } from "./kinds.js";
import { go, onRoute, route } from "./router.js";
import { store } from "./store.js";
import { element, fill, part, say } from "./template.js";

const MOST = 2000;
const TYPED_MS = 200;
const page = document.getElementById("events");
const list = part(page, "list");
const scroll = part(page, "scroll");
/** `turn` tells an answer that came too late from the present one. */
const state = { turn: 0, open: false, filter: null, oldest: null, newest: 0, more: false, unseen: 0, waiting: [], loaded: false };

export function startEvents() {
  part(page, "kind").append(...NAMES.map((name) => element("option", "", name)));
  part(page, "kind").addEventListener("change", apply);
  let timer = 0;
  part(page, "q").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(apply, TYPED_MS); });
  part(page, "older").addEventListener("click", older);
  part(page, "newer").addEventListener("click", () => { scroll.scrollTop = 0; });
  scroll.addEventListener("scroll", () => scroll.scrollTop < 4 && seen(), { passive: true });
  onRoute(follow);
  follow(route());
  store.subscribe(({ events, reset }) => state.open && (reset ? load() : live(events)));
}

function follow({ page: name, params }) {
  page.hidden = name !== "events";
  const opened = !state.open && !page.hidden;
  state.open = !page.hidden;
  if (!state.open) return;
  const filter = { q: params.get("q") ?? "", kind: params.get("kind") ?? "", process: params.get("process") ?? "" };
  if (!opened && JSON.stringify(filter) === JSON.stringify(state.filter)) return;
  state.filter = filter;
  if (part(page, "q").value.trim() !== filter.q) part(page, "q").value = filter.q;
  part(page, "kind").value = filter.kind;
  showProcess(filter);
  load();
}

function apply() {
  go(address({ ...state.filter, q: part(page, "q").value.trim(), kind: part(page, "kind").value }), { replace: true });
}

function address(filter) {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value)).toString();
  return query ? `/events?${query}` : "/events";
}

function showProcess(filter) {
  const chip = part(page, "process");
  chip.hidden = !filter.process;
  chip.href = address({ ...filter, process: "" });
  fill(chip, { process: `of ${store.processes.get(filter.process)?.name ?? filter.process}` });
}

async function load() {
  const turn = (state.turn += 1);
  Object.assign(state, { loaded: false, waiting: [], unseen: 0 });
  try {
    const { events, more } = await newest(state.filter);
    if (turn !== state.turn) return;
    list.replaceChildren(...events.map(eventRow).reverse());
    Object.assign(state, { oldest: events[0]?.seq ?? null, newest: events.at(-1)?.seq ?? 0, more, loaded: true });
    live(state.waiting);
    scroll.scrollTop = 0;
    show();
  } catch (error) {
    if (turn === state.turn) show(`The journal cannot be read: ${error.detail ?? error.message}`);
  }
}

/** New lines go on top; who reads further down keeps the place and is told how many there are. */
function live(events) {
  if (!state.loaded) return void state.waiting.push(...events);
  const fresh = events.filter((event) => event.seq > state.newest && passes(event, state.filter));
  if (!fresh.length) return;
  state.newest = fresh.at(-1).seq;
  state.oldest ??= fresh[0].seq;
  const [height, top] = [scroll.scrollHeight, scroll.scrollTop];
  list.prepend(...fresh.map(eventRow).reverse());
  while (list.childElementCount > MOST) dropOldest();
  if (top > 4) {
    scroll.scrollTop = top + scroll.scrollHeight - height;
    state.unseen += fresh.length;
  }
  show();
}

function dropOldest() {
  list.lastElementChild.remove();
  state.oldest = Number(list.lastElementChild.dataset.seq);
  state.more = true;
}

async function older() {
  const { turn, oldest } = state;
  part(page, "older").disabled = true;
  const { events, until, more } = await before(state.filter, oldest).catch(() => ({ events: [], until: oldest, more: true }));
  part(page, "older").disabled = false;
  if (turn !== state.turn) return;
  list.append(...events.map(eventRow).reverse());
  Object.assign(state, { oldest: events[0]?.seq ?? until, more });
  show();
}

function seen() {
  state.unseen = 0;
  show();
}

function show(problem = "") {
  const rows = list.childElementCount;
  const full = rows >= MOST;
  part(page, "older").hidden = !state.more || full || Boolean(problem);
  part(page, "newer").hidden = !state.unseen;
  say(part(page, "newer"), `↑ ${count(state.unseen)} new`);
  part(page, "empty").hidden = rows > 0 && !problem;
  say(part(page, "empty"), problem || "Nothing in the journal fits this filter.");
  const end = full ? `${count(MOST)} lines are shown, no more; a filter finds what is older.` : state.more ? "" : "The journal begins here.";
  fill(page, { count: `${count(rows)} line${rows === 1 ? "" : "s"}`, end: rows ? end : "" });
}
