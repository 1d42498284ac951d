/** Releases an abandoned lock, after a confirmation that names the risk: its data may be inconsistent. */

import { post } from "../state/api.js";
import { confirm } from "../widgets/confirm.js";
import { clock, count } from "../words/format.js";
import { nameOf } from "../words/pids.js";
import { store } from "../state/store.js";
import { attempt, toast } from "../widgets/toasts.js";

/** @param {string} id of the resource @param {any} anchor */
export async function releaseLock(id, anchor) {
  const lock = store.resources.get(id);
  if (!lock) return;
  const { title: name, place } = lock;
  const waiting = lock.waiting.length;
  const next = waiting === 1 ? " The waiting process continues at once." : waiting ? ` One of ${count(waiting)} waiting processes continues at once.` : "";
  const confirmed = await confirm({
    title: `Release ${lock.kind_label} ${name}?`, label: "Release lock", anchor,
    who: [place, lock.created_at && `created ${clock(lock.created_at)}`].filter(Boolean).join(" · "),
    text: `Its holder${lock.holder ? ` ${nameOf(lock.holder)}` : ""} has exited and cannot release it. The data that it protects may be inconsistent.${next}`,
    list: lock.waiting.map((one) => `${one.pid} ${nameOf(one.pid)} · waiting`),
  });
  if (!confirmed) return;
  await attempt(`Could not release ${name}.`, async () => {
    const { text } = await post(`/api/v1/resources/${encodeURIComponent(id)}/break`);
    toast({ title: name, text: text ?? "released." });
  });
}
