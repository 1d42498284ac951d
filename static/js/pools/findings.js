/** The findings of a pool, each with its ways out. */

import { sentence } from "../words/format.js";
import { Keyed } from "../dom/rows.js";
import { busySeconds } from "../state/clock.js";
import { hasEnded, groupWorkers } from "../words/pools.js";
import { describeStuck } from "../words/tasks.js";
import { poolHref } from "../state/router.js";
import { onPress, part, setText } from "../dom/dom.js";
import { actOnWorker } from "./workers/actions.js";

const MOST_NAMED = 3;
const root = document.getElementById("pool");
const list = part(root, "findings");
let pool = null;

const boxes = new Keyed(list, "pool-finding", { key: ({ key }) => key, update });

/** Follow the buttons. */
export function startFindings() {
  onPress(list, "button[data-verb]", (button) => actOnWorker(button.dataset.verb, pool.id, Number(button.closest("[data-pid]").dataset.pid), button));
}

/** @param {object} shown the open pool */
export function showFindings(shown) {
  pool = shown;
  const found = [broken(pool), ...stuck(pool)].filter(Boolean);
  list.hidden = !found.length;
  boxes.show(found);
}

function stuck({ id, ...rest }) {
  const { stuck: all } = groupWorkers(rest);
  const named = all.slice(0, MOST_NAMED).map((worker) => {
    const { title, text } = describeStuck(rest, worker, busySeconds(id, worker));
    return { key: `worker ${worker.pid}`, tone: "warn", title, text, worker };
  });
  const more = all.length - named.length;
  if (more) named.push({ key: "more", tone: "warn", title: `${more} more ${more === 1 ? "worker is" : "workers are"} stuck.`, text: "See the table below." });
  return named;
}

/** A pool has an error if its workers cannot start or if its host exited. */
function broken(shown) {
  if (!shown.error) return null;
  const title = hasEnded(shown) ? "The pool host exited, and its workers with it." : "The pool is broken.";
  return { key: "error", tone: "bad", title, text: sentence(shown.error) };
}

function update(row, cells, { tone, title, text, worker }) {
  row.dataset.tone = tone;
  setText(cells.title, title);
  setText(cells.text, text);
  cells.actions.hidden = !worker;
  if (!worker) return;
  row.dataset.pid = worker.pid;
  cells.link.setAttribute("href", poolHref(pool.id, { worker: worker.pid }));
  for (const button of cells.actions.querySelectorAll("button")) button.hidden = button.dataset.verb === "resume" && worker.state !== "suspended";
}
