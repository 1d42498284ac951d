/** The panel with the output of a program. */

import { open as openLog } from "../log/log.js";
import { fill, part, stamp } from "../dom/dom.js";

/** @param {HTMLElement} panel @param {string} program @param {string} _wanted @param {HTMLElement} aside */
export function open(panel, program, _wanted, aside) {
  fill(aside, { "panel-title": "Log" });
  let close = null;
  return {
    show({ attached }) {
      part(panel, "attached").hidden = !attached;
      if (attached || close) return;
      part(panel, "log").replaceChildren(stamp("tab-log"));
      close = openLog(part(panel, "log"), program);
    },
    close: () => close?.(),
  };
}
