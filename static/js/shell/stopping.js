/** The banner while Procession itself stops: which processes it waits for. */

import { store } from "../state/store.js";
import { part, setText } from "../dom/dom.js";

const MOST_NAMED = 6;

export function startStopping() {
  const banner = document.getElementById("stopping");
  const show = () => {
    const { stopping = false, waiting_for: waiting = [] } = store.supervisor ?? {};
    banner.hidden = !stopping;
    if (stopping) setText(part(banner, "waiting"), describe(waiting));
  };
  store.subscribe(({ status }) => status && show());
  show();
}

function describe(waiting) {
  if (!waiting.length) return "All processes have exited.";
  const more = waiting.length > MOST_NAMED ? ` and ${waiting.length - MOST_NAMED} more` : "";
  return `Waiting for ${waiting.slice(0, MOST_NAMED).join(", ")}${more}. Processes still alive after their grace period are killed.`;
}
