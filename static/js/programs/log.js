/** The panel with the log of a program: what its processes write to their common output. */

import { open as openLog } from "../log/log.js";
import { fill, part, stamp } from "../dom/template.js";

/** @param {HTMLElement} panel @param {string} program @param {string} _wanted @param {HTMLElement} aside */
export function open(panel, program, _wanted, aside) {
  fill(aside, { beside: "Log" });
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
