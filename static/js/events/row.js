/** One event. */

import { ABSENT, clock } from "../words/format.js";
import { eventKind } from "../words/eventkinds.js";
import { detailHref } from "../state/router.js";
import { fill, part, stamp } from "../dom/dom.js";

const TODAY = () => new Date().toDateString();

/** @param {object} event @returns {HTMLElement} */
export function eventRow({ seq, at, kind, process, pid, name, text, by }) {
  const made = stamp("event");
  const { icon, tone } = eventKind(kind);
  const day = new Date(at * 1000);
  made.dataset.seq = seq;
  made.dataset.tone = tone;
  const date = day.toDateString() === TODAY() ? "" : `${day.toLocaleDateString("en-CA")} `;
  fill(made, { clock: `${date}${clock(at)}`, icon, kind, pid: pid ?? "", text, by });
  made.querySelector("time").dateTime = day.toISOString();
  const owner = part(made, "owner");
  owner.textContent = name ?? process ?? ABSENT;
  if (process) owner.href = detailHref(process);
  return made;
}
