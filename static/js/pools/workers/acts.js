/**
 * Doing things to one worker of a pool.  What ends it asks first and tells what that costs; afterwards the server says
 * what it did cost.
 */

import { post } from "../../state/api.js";
import { confirm } from "../../widgets/confirm.js";
import { go, poolHref } from "../../state/router.js";
import { store } from "../../state/store.js";
import { complain, toast } from "../../widgets/toasts.js";
import { isAsked, Question } from "./question.js";

/** Which verbs a worker can be given now. @param {object} worker @returns {string[]} */
export function possible({ state }) {
  if (state === "ended") return [];
  return ["stack", state === "suspended" ? "resume" : "suspend", "terminate", "kill"];
}

/** @param {string} verb @param {string} poolId @param {number} pid @param {any} anchor where a question appears */
export async function actOnWorker(verb, poolId, pid, anchor = null) {
  if (verb === "stack") return go(poolHref(poolId, { worker: pid, stack: 1 }));
  const pool = store.pools.get(poolId);
  const worker = pool?.workers.find((one) => one.pid === pid);
  if (!worker) return;
  const question = isAsked(verb) ? new Question(verb, pool, worker) : null;
  if (question && !(await confirm(question.asked(anchor)))) return;
  try {
    tell(await post(`/api/v1/pools/${poolId}/workers/${pid}/${verb}`, question?.agreed()));
  } catch (error) {
    complain(`Worker ${pid}: ${verb} was refused.`, error);
  }
}

/** What it did cost, in the server's words. */
function tell({ text, ended, outcome }) {
  const tone = ended === false ? "bad" : outcome === "lost" ? "note" : "ok";
  const [, title, rest] = /^([^:]*:) (.*)$/s.exec(text) ?? [null, text, ""];
  toast({ title, text: rest, tone });
}
