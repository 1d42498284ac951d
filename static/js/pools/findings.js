/** What is wrong in a pool, in sentences, each with its ways out beside it. */

import { sentence } from "../words/finding.js";
import { Keyed } from "../dom/keyed.js";
import { busyFor } from "../state/clock.js";
import { isOver, staff } from "../words/pools.js";
import { trouble } from "../words/tasks.js";
import { poolHref } from "../state/router.js";
import { part, say } from "../dom/template.js";
import { actOnWorker } from "./workers/acts.js";

const NAMED = 3;
const root = document.getElementById("pool");
const list = part(root, "findings");
let pool = null;

const boxes = new Keyed(list, "pool-finding", { key: ({ key }) => key, update });

/** Follow the buttons. */
export function startFindings() {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-verb]");
    if (button) actOnWorker(button.dataset.verb, pool.id, Number(button.closest("[data-pid]").dataset.pid), button);
  });
}

/** @param {object} shown the pool */
export function showFindings(shown) {
  pool = shown;
  const found = [broken(pool), ...stuck(pool)].filter(Boolean);
  list.hidden = !found.length;
  boxes.show(found);
}

function stuck({ id, ...rest }) {
  const { stuck: all } = staff(rest);
  const named = all.slice(0, NAMED).map((worker) => {
    const { title, text } = trouble(rest, worker, busyFor(id, worker));
    return { key: `worker ${worker.pid}`, tone: "warn", title, text, worker };
  });
  const more = all.length - named.length;
  if (more) named.push({ key: "more", tone: "warn", title: `${more} more ${more === 1 ? "worker is" : "workers are"} stuck.`, text: "They come first in the table." });
  return named;
}

/** A pool whose workers cannot boot has given up; one whose host died ended with it. */
function broken(shown) {
  if (!shown.error) return null;
  const title = isOver(shown) ? "Its host ended, and the workers with it." : "The pool is broken.";
  return { key: "error", tone: "bad", title, text: sentence(shown.error) };
}

function update(row, cells, { tone, title, text, worker }) {
  row.dataset.tone = tone;
  say(cells.title, title);
  say(cells.text, text);
  cells.acts.hidden = !worker;
  if (!worker) return;
  row.dataset.pid = worker.pid;
  cells.link.setAttribute("href", poolHref(pool.id, { worker: worker.pid }));
  for (const button of cells.acts.querySelectorAll("button")) button.hidden = button.dataset.verb === "resume" && worker.state !== "suspended";
}

