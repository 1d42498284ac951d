/** Applies verbs to a worker of a pool.  Ending one asks first, with what it costs; a toast says what it did cost. */

import { post } from "../../state/api.js";
import { confirm } from "../../widgets/confirm.js";
import { go, poolHref } from "../../state/router.js";
import { store } from "../../state/store.js";
import { attempt, toast } from "../../widgets/toasts.js";
import { isConfirmed, Question } from "./question.js";

/** Return the verbs that are possible now. @param {object} worker @returns {string[]} */
export function possible({ state }) {
  if (state === "ended") return [];
  return ["stack", state === "suspended" ? "resume" : "suspend", "terminate", "kill"];
}

/** @param {string} verb @param {string} poolId @param {number} pid @param {any} anchor where a confirmation appears */
export async function actOnWorker(verb, poolId, pid, anchor = null) {
  if (verb === "stack") return go(poolHref(poolId, { worker: pid, stack: 1 }));
  const pool = store.pools.get(poolId);
  const worker = pool?.workers.find((one) => one.pid === pid);
  if (!worker) return;
  const question = isConfirmed(verb) ? new Question(verb, pool, worker) : null;
  if (question && !(await confirm(question.options(anchor)))) return;
  await attempt(`Could not ${verb} worker ${pid}.`, async () => {
    report(await post(`/api/v1/pools/${poolId}/workers/${pid}/${verb}`, question?.body()));
  });
}

/** Show what the action cost, as the server says it. */
function report({ text, ended, outcome }) {
  const tone = ended === false ? "bad" : outcome === "lost" ? "note" : "ok";
  const [, title, rest] = /^([^:]*:) (.*)$/s.exec(text) ?? [null, text, ""];
  toast({ title, text: rest, tone });
}
