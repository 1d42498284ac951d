/** The Timeline tab: the events of a process, newest first, live, with the time between two events. */

import { get } from "../state/api.js";
import { clock, duration } from "../words/format.js";
import { eventKind } from "../words/eventkinds.js";
import { store } from "../state/store.js";
import { fill, part, stamp } from "../dom/dom.js";
import { complain } from "../widgets/toasts.js";

const MOST = 300;

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function open(panel, id) {
  const list = part(panel, "list");
  let closed = false;
  let newest = 0;
  const add = (events) => {
    const fresh = events.filter((event) => event.process === id && event.seq > newest);
    if (fresh.length) newest = fresh.at(-1).seq;
    for (const event of fresh) list.prepend(moment(event, list.firstElementChild));
    while (list.childElementCount > MOST) list.lastElementChild.remove();
    part(panel, "empty").hidden = list.childElementCount > 0;
  };
  const waiting = [];
  let loaded = false;
  const stop = store.subscribe(({ events }) => (loaded ? add(events) : waiting.push(...events)));
  get(`/api/v1/events?process=${encodeURIComponent(id)}&latest=true&limit=${MOST}`)
    .then(({ events }) => closed || add(events))
    .catch((error) => closed || complain("Could not read the journal.", error))
    .finally(() => { loaded = true; if (!closed) add(waiting); });
  return () => { closed = true; stop(); };
}

function moment({ at, kind, text, by, pid }, before) {
  const made = stamp("moment");
  const { icon, tone } = eventKind(kind);
  made.dataset.at = at;
  made.dataset.tone = tone;
  const gap = before ? at - Number(before.dataset.at) : null;
  fill(made, { clock: clock(at), icon, kind, text, by: kind === "started" && pid ? `${by} · pid ${pid}` : by, gap: gap === null ? "" : `+${gap < 10 ? `${Math.max(0, gap).toFixed(2)} s` : duration(gap)}` });
  made.querySelector("time").dateTime = new Date(at * 1000).toISOString();
  return made;
}
