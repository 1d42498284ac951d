/** The part of a program that shows who waits for whom: drawn, and in sentences. */

import { count } from "../words/format.js";
import { hrefOf, isDead, nameOf, stateWord } from "../words/pids.js";
import { edgesOf, isLive, troubled } from "../words/programs.js";
import { called } from "../words/names.js";
import { gist, kindWord } from "../words/resources.js";
import { go, programHref } from "../state/router.js";
import { store } from "../state/store.js";
import { part, say } from "../dom/template.js";
import { Drawing } from "./draw.js";
import { graph } from "./graph.js";
import { keyOf, WaitList } from "./list.js";

const root = document.getElementById("program");
const box = part(root, "waits");
const drawing = new Drawing(part(box, "drawing"), describe);
const list = new WaitList(part(box, "list"));
/** Shorter waits come and go: what is drawn should stand still. */
const LASTING_S = 1;
/** The part keeps its height while who waits changes. */
const KEPT_PX = 380;
let program = null;

/** Follow clicks on nodes: they are links of SVG, which the router does not know. */
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
  if (program !== id) forget(id);
  const now = store.now();
  const edges = edgesOf(id).filter(({ since }) => now - since >= LASTING_S);
  if (edges.length) box.hidden = false;
  if (!edges.length && !isLive(store.programs.get(id))) box.hidden = true;
  if (box.hidden) return;
  const cycles = store.waits.cycles;
  const still = new Set([...troubled(id), ...cycles.flat()]);
  const shown = graph(edges, cycles, still, (one) => store.resources.get(one));
  drawing.show(shown, now);
  part(box, "both").hidden = !edges.length;
  const kept = Math.min(KEPT_PX, Math.max(parseFloat(box.style.minHeight) || 0, box.offsetHeight));
  box.style.minHeight = `${isLive(store.programs.get(id)) ? kept : 0}px`;
  const stuck = new Set(edges.filter(({ pid, resource, of, holders }) => still.has(pid) && [resource ?? of ?? holders].flat().every((one) => still.has(one))).map(keyOf));
  const unlisted = list.show(id, edges, stuck, now);
  const waiting = new Set(edges.map(({ pid }) => pid)).size;
  const circle = new Set(cycles.flat().filter((one) => edges.some(({ pid }) => pid === one))).size;
  say(part(box, "count"), [waiting === 0 ? "nobody waits for longer than a moment" : waiting === 1 ? "one process waits" : `${count(waiting)} processes wait`, circle && `${count(circle)} of them in a circle`].filter(Boolean).join(" · "));
  const left = [shown.hidden && `${count(shown.hidden)} more are not drawn: it would be too small to read.`, unlisted && `${count(unlisted)} more waits are not listed.`];
  say(part(box, "more"), left.filter(Boolean).join(" "));
}

function forget(id) {
  program = id;
  box.hidden = true;
  box.style.minHeight = "";
}

function describe({ kind, id, still, count: many, able }) {
  if (kind === "process") return aboutProcess(id, still);
  const record = store.resources.get(id);
  const { name, place } = record ? called(record) : { name: String(id), place: "" };
  const href = programHref(record?.program ?? program, { resource: id });
  if (able === "circle") return { label: `${count(many)} more`, below: "in the same circle", title: "will never go on by themselves", href: null, tone: "warn", icon: "▲" };
  if (able) return { label: able === "any" ? `any of ${count(many)}` : `${count(many)} more`, below: "processes could do it", title: name, href, tone: "dim", icon: "" };
  if (kind === "more") return { label: `${count(many)} more`, below: "wait for the same", title: name, href, tone: "dim", icon: "" };
  const tone = record?.abandoned ? "bad" : still ? "warn" : null;
  const figure = record ? gist(record) : "";
  const below = [record ? kindWord(record) : "", figure || place].filter(Boolean).join(" · ");
  return { label: name, below, title: place, href, tone, icon: record?.abandoned ? "✕" : "" };
}

function aboutProcess(pid, still) {
  const dead = isDead(pid);
  const name = nameOf(pid);
  const word = dead ? "dead" : stateWord(pid);
  const below = `pid ${pid}${word && word !== "running" ? ` · ${word}` : ""}`;
  return { label: name, below, title: still ? "will never go on by itself" : "", href: hrefOf(pid), tone: dead ? "bad" : still ? "warn" : null, icon: dead ? "✕" : still ? "▲" : "" };
}
