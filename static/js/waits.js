/** The part of a program that shows who waits for whom: drawn, and in sentences. */

import { count } from "./format.js";
import { hrefOf, isDead, nameOf, stateWord } from "./pids.js";
import { edgesOf } from "./programstate.js";
import { gist, kindWord, named } from "./resourcewords.js";
import { go, programHref } from "./router.js";
import { store } from "./store.js";
import { part, say } from "./template.js";
import { Drawing } from "./waitdraw.js";
import { graph } from "./waitgraph.js";
import { keyOf, WaitList } from "./waitlist.js";

const root = document.getElementById("program");
const box = part(root, "waits");
const drawing = new Drawing(part(box, "drawing"), describe);
const list = new WaitList(part(box, "list"));
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
  program = id;
  const edges = edgesOf(id);
  box.hidden = !edges.length;
  if (!edges.length) return;
  const cycles = store.waits.cycles;
  const shown = graph(edges, cycles, (one) => store.resources.get(one));
  drawing.show(shown, store.now());
  const ringed = new Set(edges.filter(({ pid, resource, of }) => cycles.some((cycle) => follows(cycle, pid, resource ?? of))).map(keyOf));
  const unlisted = list.show(id, edges, ringed, store.now());
  const waiting = new Set(edges.map(({ pid }) => pid)).size;
  const circle = new Set(cycles.flat().filter((one) => edges.some(({ pid }) => pid === one))).size;
  say(part(box, "count"), [waiting === 1 ? "one process waits" : `${count(waiting)} processes wait`, circle && `${count(circle)} of them in a circle`].filter(Boolean).join(" · "));
  const left = [shown.hidden && `${count(shown.hidden)} more are not drawn: it would be too small to read.`, unlisted && `${count(unlisted)} more waits are not listed.`];
  say(part(box, "more"), left.filter(Boolean).join(" "));
}

/** Whether in the circle one stands right before the other. */
const follows = (cycle, one, other) => cycle.some((member, at) => member === one && cycle[(at + 1) % cycle.length] === other);

function describe({ kind, id, cycle, count: many }) {
  if (kind === "process") return aboutProcess(id, cycle);
  const record = store.resources.get(id);
  const { name, place } = record ? named(record) : { name: String(id), place: "" };
  const href = programHref(record?.program ?? program, { resource: id });
  if (kind === "more") return { label: `${count(many)} more`, below: "wait for the same", title: `${count(many)} more processes wait for ${name}`, href, tone: "dim", icon: "" };
  const tone = record?.abandoned ? "bad" : cycle ? "warn" : null;
  const figure = record ? gist(record) : "";
  const below = [record ? kindWord(record) : "", figure || place].filter(Boolean).join(" · ");
  return { label: name, below, title: [record && kindWord(record), name, place, figure].filter(Boolean).join(", "), href, tone, icon: record?.abandoned ? "✕" : "" };
}

function aboutProcess(pid, cycle) {
  const dead = isDead(pid);
  const name = nameOf(pid);
  const word = dead ? "dead" : stateWord(pid);
  const title = [name, name.endsWith(String(pid)) ? "" : `pid ${pid}`, word, cycle && "part of a deadlock"].filter(Boolean).join(", ");
  return { label: name, below: `pid ${pid}${word && word !== "running" ? ` · ${word}` : ""}`, title, href: hrefOf(pid), tone: dead ? "bad" : cycle ? "warn" : null, icon: dead ? "✕" : cycle ? "▲" : "" };
}
