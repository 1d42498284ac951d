/** The calm banner while Procession itself stops: what it still waits for. */

import { store } from "../state/store.js";
import { part, say } from "../dom/template.js";

const SHOWN = 6;

export function startStopping() {
  const banner = document.getElementById("stopping");
  const show = () => {
    const { stopping = false, waiting_for: waiting = [] } = store.supervisor ?? {};
    banner.hidden = !stopping;
    if (stopping) say(part(banner, "waiting"), words(waiting));
  };
  store.subscribe(({ status }) => status && show());
  show();
}

function words(waiting) {
  if (!waiting.length) return "Everything has ended; it is about to leave.";
  const more = waiting.length > SHOWN ? ` and ${waiting.length - SHOWN} more` : "";
  return `It waits for ${waiting.slice(0, SHOWN).join(", ")}${more}. What does not end within its grace is killed.`;
}
