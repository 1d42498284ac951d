/** The page with the journal: newest first, live, filtered; the filter stands in the address. */

import { filterOf, showFilter, startFilter } from "./filter.js";
import { eventRow } from "./row.js";
import { count } from "../words/format.js";
import { before, newest, passes } from "./journal.js";
import { onRoute, route } from "../state/router.js";
import { store } from "../state/store.js";
import { fill, part, say } from "../dom/template.js";

const MOST = 2000;
const page = document.getElementById("events");
const list = part(page, "list");
const scroll = part(page, "scroll");
/** `turn` tells an answer that came too late from the present one. */
const state = { turn: 0, open: false, filter: null, oldest: null, newest: 0, more: false, unseen: 0, waiting: [], loaded: false };

export function startEvents() {
  startFilter(page);
  part(page, "older").addEventListener("click", older);
  part(page, "newer").addEventListener("click", () => { scroll.scrollTop = 0; });
  scroll.addEventListener("scroll", () => scroll.scrollTop < 4 && seen(), { passive: true });
  onRoute(follow);
  follow(route());
  store.subscribe(({ events, reset }) => state.open && (reset ? reload() : live(events)));
}

function follow({ page: name, params }) {
  page.hidden = name !== "events";
  const opened = !state.open && !page.hidden;
  state.open = !page.hidden;
  if (!state.open) return;
  const filter = filterOf(params);
  if (!opened && JSON.stringify(filter) === JSON.stringify(state.filter)) return;
  state.filter = filter;
  showFilter(page, filter);
  load();
}

/** A fresh snapshot: the connection was gone for a while, or the names are known only now. */
function reload() {
  showFilter(page, state.filter);
  load();
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
  if (!state.loaded) return void (state.waiting = [...state.waiting, ...events].slice(-MOST));
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
  const { events, more } = await before(state.filter, oldest).catch(() => ({ events: [], more: true }));
  part(page, "older").disabled = false;
  if (turn !== state.turn) return;
  list.append(...events.map(eventRow).reverse());
  Object.assign(state, { oldest: events[0]?.seq ?? oldest, more });
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
  say(part(page, "empty"), problem || (Object.values(state.filter).some(Boolean) ? "Nothing in the journal fits this filter." : "Nothing has happened yet."));
  const end = full ? `${count(MOST)} lines are shown, no more; a filter finds what is older.` : state.more ? "" : "The journal begins here.";
  fill(page, { count: `${count(rows)} line${rows === 1 ? "" : "s"}`, end: rows ? end : "" });
}
