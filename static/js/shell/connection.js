/** Whether what is shown is current.  The moment it is not, the page loses its colours and says since when. */

import { mark, put } from "../dom/dom.js";
import { clock } from "../words/format.js";
import { store } from "../state/store.js";

const place = document.getElementById("connection");
const banner = document.getElementById("banner");

/** Follow the store. */
export function mountConnection() {
  store.subscribe(({ status }) => {
    if (status) show();
  });
}

function show() {
  const { connected, staleSince, refusal } = store;
  mark(document.documentElement, "stale", connected ? null : "");
  mark(place, "live", connected ? "yes" : "no");
  put(place.lastElementChild, connected ? "live" : staleSince ? `stale since ${clock(staleSince)}` : "not connected");
  const [title, text, tone] = connected ? trouble(store.supervisor) : refusal ? refused(refusal) : away(staleSince);
  banner.hidden = !title;
  mark(banner, "tone", tone);
  const [bold, words, signIn] = banner.children;
  put(bold, title ?? "");
  put(words, text ?? "");
  signIn.hidden = !refusal;
}

const refused = (why) => ["Procession does not let this page in.", why, "warn"];

const away = (since) =>
  [`Stale since ${clock(since)}.`, "The connection is gone; what you see is the last that was known. It comes back by itself.", "dim"];

/** What the supervisor itself complains of, the worst first. */
function trouble({ journal_error: journal, preload_verified: preloaded, not_shown: hidden }) {
  if (journal) return ["The journal cannot be written.", journal, "warn"];
  if (preloaded === false) return ["The forkserver did not preload.", "Children start more slowly than they could.", "warn"];
  if (hidden) return [`${hidden.toLocaleString("en")} not shown.`, "The oldest ended processes are left out here; the journal has them.", "dim"];
  return [];
}
