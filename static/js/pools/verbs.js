/** What can be done with a whole pool, from the buttons of its head. */

import { act } from "../acting/processes.js";
import { post } from "../state/api.js";
import { confirm } from "../widgets/confirm.js";
import { open } from "../widgets/dialogs.js";
import { plural } from "../words/finding.js";
import { clock } from "../words/format.js";
import { following, unheard } from "../state/follow.js";
import { isOpen, isOver } from "../words/pools.js";
import { poolCost } from "../words/tasks.js";
import { go, poolHref } from "../state/router.js";
import { store } from "../state/store.js";
import { part, say } from "../dom/template.js";
import { complain, toast } from "../widgets/toasts.js";

const JOIN_S = 20;
/** When each makes sense. */
const RULES = {
  submit: isOpen, resize: isOpen, close: isOpen,
  terminate: (pool) => !isOver(pool), join: (pool) => !isOpen(pool) && !isOver(pool), kill: hostLives,
  remove: (pool) => isOver(pool) && !hostLives(pool) && store.processes.has(pool.id),
};
const DOES = { submit, resize, close, terminate, join, kill: (pool, anchor) => act("kill", pool.id, anchor), remove: (pool) => act("close", pool.id) };
/** @type {Set<string>} */
const joining = new Set();
let pool = null;

function hostLives({ id }) {
  return Boolean(store.processes.get(id)?.alive);
}

/** @param {HTMLElement} bar */
export function startVerbs(bar) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("resize"));
  part(dialog, "cancel").addEventListener("click", () => dialog.close("")); // no submit button: Enter takes the first of those
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button && pool) DOES[button.dataset.verb](pool, button);
  });
}

/** @param {HTMLElement} bar @param {object} shown the pool */
export function showVerbs(bar, shown) {
  pool = shown;
  for (const button of bar.children) {
    const { verb } = button.dataset;
    button.hidden = !RULES[verb](pool);
    if (verb !== "join") continue;
    const waits = joining.has(pool.id);
    button.setAttribute("aria-busy", String(waits));
    say(button.firstElementChild, waits ? "Joining …" : "Join");
  }
}

function submit({ id }) {
  go(poolHref(id, { submit: 1 }));
}

async function ask({ id, name }, verb, body, done) {
  try {
    const answer = await post(`/api/v1/pools/${id}/${verb}`, body);
    if (done) toast({ title: name, ...done(answer) });
  } catch (error) {
    complain(`${name}: ${verb} was refused.`, error);
  }
}

function close(shown) {
  return ask(shown, "close", {}, () => ({ text: "takes no more jobs; its workers end when all are done." }));
}

async function terminate(shown, anchor) {
  const who = `pid ${shown.pid} · opened ${clock(shown.created_at)}`;
  const follow = following(shown.id, () => termination(shown));
  if (!(await confirm({ title: `Terminate the pool ${shown.name}?`, who, text: poolCost(shown), label: "Terminate", anchor, follow }))) return;
  await ask(shown, "terminate", {}, (answer) => ({ text: answer.text ?? "is terminated; its workers have ended." }));
}

function termination({ id }) {
  const now = store.pools.get(id);
  if (!now || isOver(now)) return { text: "It has ended meanwhile: there is nothing left to terminate.", possible: false };
  return { text: poolCost(now), news: unheard() };
}

/** Waits as join() does, and shows that it waits. */
async function join(shown) {
  if (joining.has(shown.id)) return;
  joining.add(shown.id);
  try {
    await ask(shown, "join", { timeout_s: JOIN_S }, ({ joined }) => joined
      ? { text: "was joined: all its workers have ended." }
      : { text: `has not ended after ${JOIN_S} s; join gave up, nothing else changed.`, tone: "note" });
  } finally {
    joining.delete(shown.id);
  }
}

async function resize(shown, anchor) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("resize"));
  const input = dialog.querySelector("input");
  say(part(dialog, "title"), `Resize ${shown.name}`);
  input.value = shown.processes;
  dialog.returnValue = "";
  open(dialog, anchor);
  input.select();
  await new Promise((closed) => { dialog.addEventListener("close", closed, { once: true }); });
  const processes = Number(input.value);
  if (dialog.returnValue !== "yes" || processes === shown.processes) return;
  await ask(shown, "resize", { processes }, () => ({ text: `has ${plural(processes, "worker")} from now on.` }));
}
