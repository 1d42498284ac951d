/** The actions on a pool. */

import { act } from "../acting/processes.js";
import { post } from "../state/api.js";
import { confirm } from "../widgets/confirm.js";
import { open } from "../widgets/dialogs.js";
import { clock, plural } from "../words/format.js";
import { whileChanging, disconnectedNote } from "../state/livequestion.js";
import { acceptsJobs, hasEnded } from "../words/pools.js";
import { terminationCost } from "../words/tasks.js";
import { go, poolHref } from "../state/router.js";
import { store } from "../state/store.js";
import { onPress, part, setText } from "../dom/dom.js";
import { attempt, toast } from "../widgets/toasts.js";

const JOIN_S = 20;
/** When each is possible. */
const RULES = {
  submit: acceptsJobs, resize: acceptsJobs, close: acceptsJobs,
  terminate: (pool) => !hasEnded(pool), join: (pool) => !acceptsJobs(pool) && !hasEnded(pool), kill: hostLives,
  remove: (pool) => hasEnded(pool) && !hostLives(pool) && store.processes.has(pool.id),
};
const ACTIONS = { submit, resize, close, terminate, join, kill: (pool, anchor) => act("kill", pool.id, anchor), remove: (pool) => act("close", pool.id) };
/** @type {Set<string>} */
const joining = new Set();
let pool = null;

function hostLives({ id }) {
  return Boolean(store.processes.get(id)?.alive);
}

/** @param {HTMLElement} bar */
export function startVerbs(bar) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("resize"));
  part(dialog, "cancel").addEventListener("click", () => dialog.close("")); // not a submit button: Enter presses the first of those
  onPress(bar, "button", (button) => ACTIONS[button.dataset.verb](pool, button));
}

/** @param {HTMLElement} bar @param {object} shown the open pool */
export function showVerbs(bar, shown) {
  pool = shown;
  for (const button of bar.children) {
    const { verb } = button.dataset;
    button.hidden = !RULES[verb](pool);
    if (verb !== "join") continue;
    const busy = joining.has(pool.id);
    button.setAttribute("aria-busy", String(busy));
    setText(button.firstElementChild, busy ? "Joining…" : "Join");
  }
}

function submit({ id }) {
  go(poolHref(id, { submit: 1 }));
}

function request({ id, name }, verb, body, done) {
  return attempt(`Could not ${verb} ${name}.`, async () => {
    toast({ title: name, ...done(await post(`/api/v1/pools/${id}/${verb}`, body)) });
  });
}

function close(shown) {
  return request(shown, "close", {}, () => ({ text: "accepts no more jobs; its workers exit when all jobs are done." }));
}

async function terminate(shown, anchor) {
  const who = `pid ${shown.pid} · opened ${clock(shown.created_at)}`;
  const follow = whileChanging(shown.id, () => termination(shown));
  if (!(await confirm({ title: `Terminate pool ${shown.name}?`, who, text: terminationCost(shown), label: "Terminate", anchor, follow }))) return;
  await request(shown, "terminate", {}, (answer) => ({ text: answer.text ?? "terminated; its workers have exited." }));
}

function termination({ id }) {
  const now = store.pools.get(id);
  if (!now || hasEnded(now)) return { text: "The pool has already ended.", possible: false };
  return { text: terminationCost(now), note: disconnectedNote() };
}

/** Wait as join() does, and show it at the button. */
async function join(shown) {
  if (joining.has(shown.id)) return;
  joining.add(shown.id);
  try {
    await request(shown, "join", { timeout_s: JOIN_S }, ({ joined }) => joined
      ? { text: "joined: all its workers have exited." }
      : { text: `still running after ${JOIN_S} s; join timed out.`, tone: "note" });
  } finally {
    joining.delete(shown.id);
  }
}

async function resize(shown, anchor) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("resize"));
  const input = dialog.querySelector("input");
  setText(part(dialog, "title"), `Resize ${shown.name}`);
  input.value = shown.processes;
  dialog.returnValue = "";
  open(dialog, anchor);
  input.select();
  await new Promise((closed) => { dialog.addEventListener("close", closed, { once: true }); });
  const processes = Number(input.value);
  if (dialog.returnValue !== "yes" || processes === shown.processes) return;
  await request(shown, "resize", { processes }, () => ({ text: `resized to ${plural(processes, "worker")}.` }));
}
