/** The state badge. */

import { stateOf } from "../words/format.js";
import { fill } from "../dom/dom.js";

/** @param {HTMLElement} badge @param {object} process */
export function showBadge(badge, process) {
  const { word, icon, tone } = stateOf(process);
  badge.dataset.tone = tone;
  fill(badge, { icon, word });
}
