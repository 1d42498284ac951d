/**
 * Doing things to one worker of a pool.  What ends it asks first and tells what that costs; afterwards the server says
 * what it did cost.
 */

import { post } from "./api.js";
import { confirm } from "./confirm.js";
import { clock } from "./format.js";
import { busyFor } from "./poolclock.js";
import { cost } from "./poolwords.js";
import { isOpen } from "./poolstate.js";
import { go, poolHref } from "./router.js";
import { store } from "./store.js";
import { complain, toast } from "./toasts.js";

const LABELS = { terminate: "Terminate", kill: "Kill" };
const HOW = {
  terminate: "SIGTERM now; code that ignores it goes on, and you are told so after 5 s.",
  kill: "SIGKILL at once.",
};

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
  if (LABELS[verb] && !(await confirm(question(verb, pool, worker, anchor)))) return;
  try {
    tell(await post(`/api/v1/pools/${poolId}/workers/${pid}/${verb}`));
  } catch (error) {
    complain(`Worker ${pid}: ${verb} was refused.`, error);
  }
}

function question(verb, pool, worker, anchor) {
  const { pid, name, uptime_s: up } = worker;
  const next = isOpen(pool) && worker.state !== "retiring" ? " A new worker takes its place." : "";
  return {
    title: `${LABELS[verb]} worker ${pid}?`, label: LABELS[verb], anchor,
    who: [`pid ${pid}`, name, up && `started ${clock(store.now() - up)}`].filter(Boolean).join(" · "),
    text: `${HOW[verb]} ${cost(pool, worker, busyFor(pool.id, worker))}${next}`,
  };
}

/** What it did cost, in the server's words. */
function tell({ text, ended, outcome }) {
  const tone = ended === false ? "bad" : outcome === "lost" ? "note" : "ok";
  const [, title, rest] = /^([^:]*:) (.*)$/s.exec(text) ?? [null, text, ""];
  toast({ title, text: rest, tone });
}
