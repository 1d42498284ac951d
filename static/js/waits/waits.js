/** The wait graph of a program: drawn, and in sentences. */

import { capitalized, count, plural } from "../words/format.js";
import { hrefOf, hasExited, nameOf, stateWord } from "../words/pids.js";
import { edgesOf, isLive, blockedMembers, notesOf } from "../words/programs.js";
import { isLock } from "../words/resources.js";
import { go, programHref } from "../state/router.js";
import { store } from "../state/store.js";
import { part, setText } from "../dom/dom.js";
import { Drawing } from "./draw.js";
import { graph } from "./graph.js";
import { keyOf, WaitList } from "./list.js";

const root = document.getElementById("program");
const box = part(root, "waits");
const drawing = new Drawing(part(box, "drawing"), describe);
const list = new WaitList(part(box, "list"));
/** Shorter waits are omitted: the drawing should be stable. */
const SHORTEST_S = 1;
/** The section keeps its height, up to this, while the waits change. */
const MOST_PX = 380;
let program = null;

/** Follow clicks on nodes: the router does not handle links in SVG. */
export function startWaits() {
  part(box, "drawing").addEventListener("click", (event) => {
    const href = event.target.closest("a[href]")?.getAttribute("href");
    if (!href || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(href);
  });
}

/** @param {string} id of the program */
export function showWaits(id) {
  if (program !== id) reset(id);
  const now = store.now();
  const edges = edgesOf(id).filter(({ since }) => now - since >= SHORTEST_S);
  if (edges.length) box.hidden = false;
  if (!edges.length && !isLive(store.programs.get(id))) box.hidden = true;
  if (box.hidden) return;
  const cycles = store.waits.cycles;
  const blocked = new Set([...blockedMembers(id), ...cycles.flat()]);
  const shown = graph(edges, cycles, blocked, (one) => isLock(store.resources.get(one) ?? {}));
  drawing.show(shown, now);
  part(box, "both").hidden = !edges.length;
  const kept = Math.min(MOST_PX, Math.max(parseFloat(box.style.minHeight) || 0, box.offsetHeight));
  box.style.minHeight = `${isLive(store.programs.get(id)) ? kept : 0}px`;
  const stuck = new Set(edges.filter(({ pid, resource, of, holders }) => blocked.has(pid) && [resource ?? of ?? holders].flat().every((one) => blocked.has(one))).map(keyOf));
  const unlisted = list.show(id, edges, stuck, now);
  const waiting = new Set(edges.map(({ pid }) => pid)).size;
  const cyclic = new Set(cycles.flat().filter((one) => edges.some(({ pid }) => pid === one))).size;
  setText(part(box, "count"), [waiting ? `${plural(waiting, "process")} waiting` : !notesOf(id).length && "no process is waiting", cyclic && `${count(cyclic)} in a cycle`].filter(Boolean).join(" · "));
  const notes = [shown.hidden && `${plural(shown.hidden, "node")} not shown.`, unlisted && `${plural(unlisted, "wait")} not listed.`];
  setText(part(box, "more"), notes.filter(Boolean).join(" "));
}

function reset(id) {
  program = id;
  box.hidden = true;
  box.style.minHeight = "";
}

function describe({ kind, id, blocked, count: many, group }) {
  if (kind === "process") return aboutProcess(id, blocked);
  const record = store.resources.get(id);
  const { title: name, place, figure } = record ?? { title: String(id), place: "", figure: "" };
  const href = programHref(record?.program ?? program, { resource: id });
  if (group === "cycle") return { label: `${count(many)} more`, below: "in the same cycle", title: "deadlocked", href: null, tone: "warn", icon: "▲" };
  if (group) return { label: group === "any" ? `any of ${count(many)}` : `${count(many)} more`, below: "candidate processes", title: name, href, tone: "dim", icon: "" };
  if (kind === "more") return { label: `${count(many)} more`, below: "waiting for the same", title: name, href, tone: "dim", icon: "" };
  const tone = record?.abandoned ? "bad" : blocked ? "warn" : null;
  const below = [record ? capitalized(record.kind_label) : "", figure || place].filter(Boolean).join(" · ");
  return { label: name, below, title: place, href, tone, icon: record?.abandoned ? "✕" : "" };
}

function aboutProcess(pid, blocked) {
  const dead = hasExited(pid);
  const name = nameOf(pid);
  const word = dead ? "exited" : stateWord(pid);
  const below = `pid ${pid}${word && word !== "running" ? ` · ${word}` : ""}`;
  return { label: name, below, title: blocked ? "blocked" : "", href: hrefOf(pid), tone: dead ? "bad" : blocked ? "warn" : null, icon: dead ? "✕" : blocked ? "▲" : "" };
}
