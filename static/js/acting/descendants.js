/** Ending a descendant or an orphan: it is no Process of ours, so there is a signal for it and nothing else. */

import { post } from "../state/api.js";
import { confirm } from "../widgets/confirm.js";
import { clock } from "../words/format.js";
import { store } from "../state/store.js";
import { complain, toast } from "../widgets/toasts.js";

/** @param {string} id `Descendant.id` @param {string} verb terminate or kill @param {any} anchor */
export async function endDescendant(id, verb, anchor) {
  const one = store.descendants.get(id);
  if (!one) return;
  const signal = verb === "terminate" ? "SIGTERM" : "SIGKILL";
  const root = store.processes.get(one.root);
  const whose = root ? `A descendant of ${root.name}; its own children are not ended with it.` : "An orphan: what started it is gone.";
  const label = verb === "terminate" ? "Terminate" : "Kill";
  const who = `pid ${one.pid} · started ${clock(one.start_time)}`;
  if (!(await confirm({ title: `${label} ${one.name}?`, who, text: `${signal} to this process alone. ${whose}`, label, anchor }))) return;
  try {
    await post(`/api/v1/descendants/${id}/signal`, { signal });
    toast({ title: `${one.name} (pid ${one.pid})`, text: `was sent ${signal}.` });
  } catch (error) {
    complain(`${one.name} (pid ${one.pid}) was not signalled.`, error);
  }
}
