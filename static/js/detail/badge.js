/** The state badge: icon, word and tone. */

import { stateOf } from "../words/format.js";
import { fill } from "../dom/template.js";

/** @param {HTMLElement} badge @param {object} process */
export function showBadge(badge, process) {
  const { word, icon, tone } = stateOf(process);
  badge.dataset.tone = tone;
  fill(badge, { icon, word });
}
