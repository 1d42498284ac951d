/** The tab with the journal of one process, newest first, live; between two events stands how long it took. */

import { get } from "../state/api.js";
import { clock, duration } from "../words/format.js";
import { kindOf } from "../words/kinds.js";
import { store } from "../state/store.js";
import { fill, part, stamp } from "../dom/template.js";
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
    .catch((error) => closed || complain("The journal cannot be read.", error))
    .finally(() => { loaded = true; if (!closed) add(waiting); });
  return () => { closed = true; stop(); };
}

function moment({ at, kind, text, by, pid }, before) {
  const made = stamp("moment");
  const { icon, tone } = kindOf(kind);
  made.dataset.at = at;
  made.dataset.tone = tone;
  const gap = before ? at - Number(before.dataset.at) : null;
  fill(made, { clock: clock(at), icon, kind, text, by: kind === "started" && pid ? `${by} · pid ${pid}` : by, gap: gap === null ? "" : `+${short(gap)}` });
  made.querySelector("time").dateTime = new Date(at * 1000).toISOString();
  return made;
}

const short = (seconds) => (seconds < 60 ? `${Math.max(0, seconds).toFixed(seconds < 10 ? 2 : 1)} s` : duration(seconds));
