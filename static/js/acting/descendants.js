/** Ends a descendant or an orphan: it is not a Process of the supervisor, so only a signal can be sent. */

import { post } from "../state/api.js";
import { confirm } from "../widgets/confirm.js";
import { clock } from "../words/format.js";
import { VERBS } from "../words/verbs.js";
import { store } from "../state/store.js";
import { attempt, toast } from "../widgets/toasts.js";

/** @param {string} id `Descendant.id` @param {string} verb terminate or kill @param {any} anchor */
export async function signalDescendant(id, verb, anchor) {
  const one = store.descendants.get(id);
  if (!one) return;
  const signal = verb === "terminate" ? "SIGTERM" : "SIGKILL";
  const root = store.processes.get(one.root);
  const origin = root ? `Descendant of ${root.name}.` : "Orphan: the process that started it has exited.";
  const { label } = VERBS[verb];
  const who = `pid ${one.pid} · started ${clock(one.start_time)}`;
  if (!(await confirm({ title: `${label} ${one.name}?`, who, text: `Sends ${signal} to this process only, not to its children. ${origin}`, label, anchor }))) return;
  await attempt(`Could not send ${signal} to ${one.name} (pid ${one.pid}).`, async () => {
    await post(`/api/v1/descendants/${id}/signal`, { signal });
    toast({ title: `${one.name} (pid ${one.pid})`, text: `${signal} sent.` });
  });
}
