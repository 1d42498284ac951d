/** Draws a graph of waits as SVG, by DOM methods; every node is a link.  Drawn anew only when its shape is another one. */

import { attr, mark, put } from "../dom/dom.js";
import { span } from "../words/format.js";
import { fit } from "./fit.js";
import { HEIGHT, layout, WIDTH } from "./layout.js";
import { course } from "./lines.js";
import { rooms } from "./room.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const EDGE = 12;
const INSET = 11;
/** So much more where the ends are round. */
const ROUND = 8;
/** An icon and what is left free before it. */
const ICON = 18;
/** How many characters there is room for at most; wide ones are measured. */
const ROOM = { process: { label: 20, below: 25 }, resource: { label: 17, below: 24 }, more: { label: 20, below: 25 } };
const WAITS = { acquire: "waits", join: "joins", wait: "waits for", flush: "waits to write", hear: "waits to hear", tell: "waits to send", end: "waits for end", answer: "waits for answer", accept: "in accept", connect: "waits for accept", greet: "waits for hello" };

/** @param {string} verb of who waits */
const waits = (verb) => WAITS[verb] ?? `waits to ${verb}`;

/**
 * @typedef {{label: string, below: string, title: string, href: string|null, tone: "warn"|"bad"|"dim"|null, icon: string}} Words
 */

export class Drawing {
  #shape = "";
  #nodes = new Map();
  #words = [];

  /** @param {SVGSVGElement} svg @param {(node: import("./graph.js").Node) => Words} describe */
  constructor(svg, describe) {
    Object.assign(this, { svg, describe });
  }

  /** @param {{nodes: Map<string, object>, lines: object[], rings: string[][]}} graph @param {number} now */
  show({ nodes, lines, rings }, now) {
    const shape = JSON.stringify([[...nodes.values()], lines.map(({ from, to, kind, verb, still }) => [from, to, kind, verb, still])]);
    if (shape !== this.#shape) this.#draw(nodes, lines, rings);
    this.#shape = shape;
    for (const node of nodes.values()) this.#dress(this.#nodes.get(node.key), this.describe(node), node.kind);
    const since = new Map(lines.map((line) => [`${line.from} ${line.to}`, line.since]));
    for (const { text, key, start } of this.#words) put(text, since.get(key) === null ? start : `${start} ${span(Math.max(0, now - since.get(key)))}`);
  }

  #draw(nodes, lines, rings) {
    const { places, width, height } = layout(nodes.keys(), lines, rings);
    const focused = this.svg.querySelector(":focus")?.dataset.key;
    const [w, h] = [width + 2 * EDGE, height + 2 * EDGE];
    attr(this.svg, "viewBox", `${-EDGE} ${-EDGE} ${w} ${h}`);
    this.svg.style.setProperty("--natural", `${w}px`);
    this.#words = [];
    const leaving = Map.groupBy(lines, ({ from }) => from);
    const drawn = lines.map((line) => this.#line(line, places, line.kind === "waits" || leaving.get(line.from).length === 1));
    rooms(drawn.map(({ said }) => said)).forEach((room, at) => {
      attr(drawn[at].text, "visibility", room ? null : "hidden");
      if (room) attr(drawn[at].text, "y", String(room.y));
    });
    this.#nodes = new Map([...nodes.values()].map((node) => [node.key, box(node, places.get(node.key))]));
    this.svg.replaceChildren(...drawn.map(({ line }) => line), ...[...this.#nodes.values()].map(({ link }) => link), ...drawn.map(({ text }) => text));
    if (focused) this.#nodes.get(focused)?.link.focus();
    if (rings.length) this.#bringIntoSight(Math.min(...rings[0].map((key) => places.get(key).x)), w);
  }

  /** Where there is no room for all of it, the circle is what is wanted. */
  #bringIntoSight(x, width) {
    this.svg.parentElement.scrollLeft = (x * this.svg.clientWidth) / width;
  }

  #line({ from, to, kind, verb, since, still }, places, starts) {
    const { path, arrow, words } = course(places.get(from), places.get(to), starts);
    const line = make("g", { class: `line ${kind}` }, [make("path", { class: "way", d: path }), make("path", { class: "tip", d: arrow })]);
    const text = make("text", { class: `said ${kind}`, x: words.x, y: words.y, "text-anchor": words.anchor });
    for (const one of [line, text]) mark(one, "still", still);
    const start = kind === "waits" ? waits(verb) : verb;
    this.#words.push({ text, key: `${from} ${to}`, start });
    return { line, text, said: { spot: words, start, timed: since !== null, waits: kind === "waits", still } };
  }

  #dress({ link, icon, label, below, title }, words, kind) {
    const width = WIDTH - 2 * (kind === "resource" ? INSET + ROUND : INSET);
    attr(link, "href", words.href);
    mark(link, "tone", words.tone);
    put(icon, words.icon);
    fit(label, words.label, ROOM[kind].label, width - (words.icon ? ICON : 0));
    fit(below, words.below, ROOM[kind].below, width);
    put(title, [words.label, words.below, words.title].filter(Boolean).join(", ")); // names the link, and is shown by the pointer
  }
}

function box({ key, kind, still }, { x, y }) {
  const icon = make("text", { class: "icon", "aria-hidden": "true", x: WIDTH - INSET, y: 18, "text-anchor": "end" });
  const label = make("text", { class: "label", x: INSET, y: 18 });
  const below = make("text", { class: "below", x: INSET, y: 34 });
  const title = make("title");
  const shape = make("rect", { width: WIDTH, height: HEIGHT, rx: kind === "resource" ? 22 : 7 });
  const link = make("a", { class: `node ${kind}`, transform: `translate(${x} ${y})` }, [title, shape, icon, label, below]);
  if (kind === "resource") for (const text of [label, below]) attr(text, "x", String(INSET + ROUND));
  if (kind === "resource") attr(icon, "x", String(WIDTH - INSET - ROUND));
  mark(link, "key", key);
  mark(link, "still", still);
  return { link, icon, label, below, title };
}

function make(tag, attributes = {}, children = []) {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}
