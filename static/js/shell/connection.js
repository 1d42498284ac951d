/** Shows whether the data is current.  Stale data has no colours, and the banner says since when. */

import { setData, setText } from "../dom/dom.js";
import { clock, count } from "../words/format.js";
import { store } from "../state/store.js";

const place = document.getElementById("connection");
const banner = document.getElementById("banner");

/** Follow the store. */
export function mountConnection() {
  store.subscribe(({ status, waits }) => {
    if (status || waits) show();
  });
}

function show() {
  const { connected, staleSince, refusal, away } = store;
  setData(document.documentElement, "stale", connected ? null : "");
  setData(place, "live", connected ? "yes" : "no");
  setText(place.lastElementChild, connected ? "live" : staleSince ? `stale since ${clock(staleSince)}` : "disconnected");
  const [title, text, tone] = connected ? warning(store.supervisor, store.waits.findings) : refusal ? rejected(refusal) : disconnected(staleSince, away);
  banner.hidden = !title;
  setData(banner, "tone", tone);
  const [bold, words, signIn] = banner.children;
  setText(bold, title ?? "");
  setText(words, text ?? "");
  signIn.hidden = !refusal;
}

const rejected = (why) => ["Not signed in.", why, "warn"];

function disconnected(since, away) {
  const why = away ? `${away[0].toUpperCase()}${away.slice(1)}. ` : "";
  return [`Disconnected since ${clock(since)}.`, `${why}Showing last known data; reconnecting…`, "dim"];
}

/** Return the worst problem that the supervisor reports about itself. */
function warning({ journal_error: journal, preload_verified: preloaded, not_shown: hidden }, findings) {
  const internal = findings.find(({ kind }) => kind === "internal-error");
  if (internal) return [internal.text, `${internal.why} ${internal.cure}`, "warn"];
  if (journal) return ["The journal cannot be written.", journal, "warn"];
  if (preloaded === false) return ["The forkserver did not preload procession.child.", "Processes start more slowly.", "warn"];
  if (hidden) return [`${count(hidden)} processes not shown.`, "The oldest exited processes are omitted; see Events.", "dim"];
  return [];
}
