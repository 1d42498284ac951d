/** Breaking an abandoned lock: asked for with what it risks, for whoever waited goes on with what was half done. */

import { post } from "../state/api.js";
import { confirm } from "../widgets/confirm.js";
import { clock, count } from "../words/format.js";
import { nameOf } from "../words/pids.js";
import { called } from "../words/names.js";
import { kindWord } from "../words/resources.js";
import { store } from "../state/store.js";
import { complain, toast } from "../widgets/toasts.js";

/** @param {string} id of the resource @param {any} anchor */
export async function askBreak(id, anchor) {
  const lock = store.resources.get(id);
  if (!lock) return;
  const { name, place } = called(lock);
  const waiting = lock.waiting.length;
  const question = {
    title: `Break ${kindWord(lock)} ${name}?`, label: "Break the lock", anchor,
    who: [place, lock.created_at && `made ${clock(lock.created_at)}`].filter(Boolean).join(" · "),
    text: `Its holder${lock.holder ? ` ${nameOf(lock.holder)}` : ""} is dead and will never release it. Breaking releases it once, in its place: what the lock protects may be half changed, and whoever comes next works on that.`,
    list: lock.waiting.map((one) => `${one.pid} ${nameOf(one.pid)} waits for it`),
  };
  if (waiting) question.text += ` ${waiting === 1 ? "One process goes" : `Of ${count(waiting)} waiting processes one goes`} on at once.`;
  if (!(await confirm(question))) return;
  try {
    const { text } = await post(`/api/v1/resources/${encodeURIComponent(id)}/break`);
    toast({ title: name, text: text ?? "was released." });
  } catch (error) {
    complain(`${name} was not broken.`, error);
  }
}
