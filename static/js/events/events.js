/** The Events page: the journal, newest first, live.  The address has the filter. */

import { filterOf, showFilter, startFilter } from "./filter.js";
import { eventRow } from "./row.js";
import { count, plural } from "../words/format.js";
import { page as fetchPage, passes } from "./journal.js";
import { onRoute } from "../state/router.js";
import { store } from "../state/store.js";
import { fill, part, setText } from "../dom/dom.js";

const MOST = 2000;
const page = document.getElementById("events");
const list = part(page, "list");
const scroll = part(page, "scroll");
/** `turn` identifies the latest request: an earlier answer is ignored. */
const state = { turn: 0, open: false, filter: null, oldest: null, newest: 0, more: false, unseen: 0, waiting: [], loaded: false };

export function startEvents() {
  startFilter(page);
  part(page, "older").addEventListener("click", older);
  part(page, "newer").addEventListener("click", () => { scroll.scrollTop = 0; });
  scroll.addEventListener("scroll", () => scroll.scrollTop < 4 && seen(), { passive: true });
  onRoute(follow);
  store.subscribe(({ events, processes, reset }) => {
    if (!state.open) return;
    if (!reset && processes.has(state.filter.process)) showFilter(page, state.filter);
    reset ? reload() : live(events);
  });
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

/** After a fresh snapshot events may have been missed. */
function reload() {
  showFilter(page, state.filter);
  load();
}

async function load() {
  const turn = (state.turn += 1);
  Object.assign(state, { loaded: false, waiting: [], unseen: 0 });
  try {
    const { events, more } = await fetchPage(state.filter);
    if (turn !== state.turn) return;
    list.replaceChildren(...events.map(eventRow).reverse());
    Object.assign(state, { oldest: events[0]?.seq ?? null, newest: events.at(-1)?.seq ?? 0, more, loaded: true });
    live(state.waiting);
    scroll.scrollTop = 0;
    show();
  } catch (error) {
    if (turn === state.turn) show(`Could not read the journal: ${error.detail ?? error.message}`);
  }
}

/** Add new events on top; a reader further down keeps the position and sees how many are new. */
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
  const { events, more } = await fetchPage(state.filter, oldest).catch(() => ({ events: [], more: true }));
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
  setText(part(page, "newer"), `↑ ${count(state.unseen)} new`);
  part(page, "empty").hidden = rows > 0 && !problem;
  setText(part(page, "empty"), problem || (Object.values(state.filter).some(Boolean) ? "No events match this filter." : "No events yet."));
  const end = full ? `Only ${count(MOST)} events are shown; use the filter to find older ones.` : state.more ? "" : "Start of the journal.";
  fill(page, { count: plural(rows, "event"), end: rows ? end : "" });
}
