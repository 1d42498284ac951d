/** The tab with everything of the OS below a process, as a tree, each with its own end. */

import { act } from "../acting/processes.js";
import { OS_STATES } from "../words/explain.js";
import { framed } from "../dom/frame.js";
import { mebibytes, percent } from "../words/format.js";
import { detailHref, go, href } from "../state/router.js";
import { store } from "../state/store.js";
import { fill, part, stamp } from "../dom/template.js";

const MOST = 500;

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function open(panel, id) {
  const rows = new Map();
  const show = framed(() => panel.isConnected && render(panel, id, rows));
  const stop = store.subscribe(({ descendants, removed, reset }) => (reset || descendants.size || removed.size) && show());
  render(panel, id, rows);
  return stop;
}

function render(panel, id, rows) {
  const below = [...store.descendants.values()].filter(({ root }) => root === id);
  const tree = ordered(below);
  const body = part(panel, "rows");
  for (const [key, row] of rows) if (!below.some((one) => one.id === key)) { row.remove(); rows.delete(key); }
  tree.slice(0, MOST).forEach(({ one, depth }, at) => {
    const row = rows.get(one.id) ?? make(one, rows);
    if (body.children[at] !== row) body.insertBefore(row, body.children[at] ?? null);
    update(row, one, depth);
  });
  part(panel, "scroll").hidden = !tree.length;
  fill(panel, { about: about(below, tree.length) });
}

function about(below, count) {
  if (!count) return "Nothing runs below it: terminate and kill end it alone.";
  const orphans = below.filter(({ orphan }) => orphan).length;
  const more = count > MOST ? ` ${count - MOST} of them are not shown.` : "";
  return `Terminate and kill of the process end these too.${orphans ? ` ${orphans} lost their parent and hang below the supervisor now.` : ""}${more}`;
}

/** Depth first; what hangs below nobody in the list comes first. */
function ordered(below) {
  const pids = new Set(below.map(({ pid }) => pid));
  const families = Map.groupBy(below.sort((a, b) => a.pid - b.pid), ({ ppid }) => (pids.has(ppid) ? ppid : null));
  const walk = (parent, depth) => (families.get(parent) ?? []).flatMap((one) => [{ one, depth }, ...walk(one.pid, depth + 1)]);
  return walk(null, 0);
}

function make(one, rows) {
  const row = stamp("descendant");
  const [stack, kill] = [part(row, "stack"), part(row, "kill")];
  stack.setAttribute("aria-label", `Stack of ${one.name}, pid ${one.pid}`);
  kill.setAttribute("aria-label", `Kill ${one.name}, pid ${one.pid}`);
  stack.addEventListener("click", () => go(href(new URL(detailHref(one.root), location.origin).pathname, { tab: "stack", pid: String(one.pid) })));
  kill.addEventListener("click", () => act("kill", [one.id], kill));
  rows.set(one.id, row);
  return row;
}

function update(row, { pid, name, command, state, orphan, cpu_percent: cpu, rss_bytes: rss }, depth) {
  const dead = state === "Z";
  part(row, "stack").hidden = dead;
  part(row, "kill").hidden = dead || store.role === "viewer";
  row.title = dead ? "It has ended; its parent has not waited for it yet." : "";
  row.style.setProperty("--depth", String(Math.min(depth, 6)));
  row.querySelector(".command").title = command;
  fill(row, { pid, name, command: shortened(name, command), state: OS_STATES[state] ?? state, orphan: orphan ? "orphan" : "", cpu: percent(cpu), rss: mebibytes(rss) });
}

/** Without the folder of the program, and without its name where that stands before it anyway. */
function shortened(name, command) {
  const bare = command.replace(/^\S*\//, "");
  return bare.startsWith(name) ? bare.slice(name.length) : bare;
}
