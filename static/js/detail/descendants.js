/** The Descendants tab: all OS processes below the process, as a tree. */

import { act } from "../acting/processes.js";
import { OS_STATES } from "../words/explain.js";
import { Keyed, mountRowClicks } from "../dom/rows.js";
import { count as formatted, mebibytes, percent, plural } from "../words/format.js";
import { depthFirst } from "../processes/tree.js";
import { detailHref, go, href } from "../state/router.js";
import { store } from "../state/store.js";
import { fill, framed, part } from "../dom/dom.js";

const MOST = 500;

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function open(panel, id) {
  const rows = new Keyed(part(panel, "rows"), "descendant", { key: ({ one }) => one.id, update });
  mountRowClicks(part(panel, "rows"), (button, { dataset }) => press(button, dataset));
  const render = () => show(panel, id, rows);
  const later = framed(() => panel.isConnected && render());
  const stop = store.subscribe(({ descendants, removed, reset }) => (reset || descendants.size || removed.size) && later());
  render();
  return stop;
}

function press(button, { id, root, pid }) {
  if (button.dataset.part === "kill") return act("kill", [id], button);
  return go(href(new URL(detailHref(root), location.origin).pathname, { tab: "stack", pid }));
}

function show(panel, id, rows) {
  const below = [...store.descendants.values()].filter(({ root }) => root === id);
  const tree = depthFirst(below);
  rows.show(tree.slice(0, MOST));
  part(panel, "scroll").hidden = !tree.length;
  fill(panel, { about: about(below, tree.length) });
}

function about(below, count) {
  if (!count) return "No child processes.";
  const orphans = below.filter(({ orphan }) => orphan).length;
  const more = count > MOST ? ` ${formatted(count - MOST)} are not shown.` : "";
  return `Terminate and Kill also end these.${orphans ? ` ${plural(orphans, "orphan")}, now ${orphans === 1 ? "a child" : "children"} of the supervisor.` : ""}${more}`;
}

function update(row, cells, { one: { id, root, pid, name, command, state, orphan, cpu_percent: cpu, rss_bytes: rss }, depth }) {
  const dead = state === "Z";
  Object.assign(row.dataset, { id, root, pid });
  part(row, "stack").hidden = dead;
  part(row, "kill").hidden = dead || store.role === "viewer";
  for (const button of row.querySelectorAll("button")) button.setAttribute("aria-label", `${button.textContent} ${name}, pid ${pid}`);
  row.title = dead ? "Zombie: exited, not yet joined by its parent." : "";
  row.style.setProperty("--depth", String(Math.min(depth, 6)));
  row.querySelector(".command").title = command;
  fill(row, { pid, name, command: shortened(name, command), state: OS_STATES[state] ?? state, orphan: orphan ? "orphan" : "", cpu: percent(cpu), rss: mebibytes(rss) });
}

/** Return the command without its folder, and without the name, which is shown before it. */
function shortened(name, command) {
  const bare = command.replace(/^\S*\//, "");
  return bare.startsWith(name) ? bare.slice(name.length) : bare;
}
