/** Draws the wait graph as SVG; every node is a link.  It is drawn again only when its structure changes. */

import { setAttr, setData, setText } from "../dom/dom.js";
import { duration } from "../words/format.js";
import { HEIGHT, layout, WIDTH } from "./layout.js";
import { edgePath } from "./paths.js";
import { placeLabels } from "./labels.js";

const NAMESPACE = "http://www.w3.org/2000/svg";
const EDGE = 12;
const INSET = 11;
/** The additional inset of a node with round ends. */
const ROUND = 8;
/** The width of an icon with the space before it. */
const ICON = 18;
/** The most characters of a text; wide characters are measured too. */
const MOST_CHARACTERS = { process: { label: 20, below: 25 }, resource: { label: 17, below: 24 }, more: { label: 20, below: 25 } };

/**
 * @typedef {{label: string, below: string, title: string, href: string|null, tone: "warn"|"bad"|"dim"|null, icon: string}} Words
 */

export class Drawing {
  #shape = "";
  #nodes = new Map();
  #labels = [];

  /** @param {SVGSVGElement} svg @param {(node: import("./graph.js").Node) => Words} describe */
  constructor(svg, describe) {
    Object.assign(this, { svg, describe });
  }

  /** @param {{nodes: Map<string, object>, lines: object[], rings: string[][]}} graph @param {number} now */
  show({ nodes, lines, rings }, now) {
    const shape = JSON.stringify([[...nodes.values()], lines.map(({ from, to, kind, label, blocked }) => [from, to, kind, label, blocked])]);
    if (shape !== this.#shape) this.#draw(nodes, lines, rings);
    this.#shape = shape;
    for (const node of nodes.values()) this.#dress(this.#nodes.get(node.key), this.describe(node), node.kind);
    const since = new Map(lines.map((line) => [`${line.from} ${line.to}`, line.since]));
    for (const { text, key, start } of this.#labels) setText(text, since.get(key) === null ? start : `${start} ${duration(now - since.get(key))}`);
  }

  #draw(nodes, lines, rings) {
    const { places, width, height } = layout(nodes.keys(), lines, rings);
    const focused = this.svg.querySelector(":focus")?.dataset.key;
    const [w, h] = [width + 2 * EDGE, height + 2 * EDGE];
    setAttr(this.svg, "viewBox", `${-EDGE} ${-EDGE} ${w} ${h}`);
    this.svg.style.setProperty("--natural", `${w}px`);
    this.#labels = [];
    const leaving = Map.groupBy(lines, ({ from }) => from);
    const drawn = lines.map((line) => this.#line(line, places, line.kind === "waits" || leaving.get(line.from).length === 1));
    placeLabels(drawn.map(({ label }) => label)).forEach((spot, at) => {
      setAttr(drawn[at].text, "visibility", spot ? null : "hidden");
      if (spot) setAttr(drawn[at].text, "y", String(spot.y));
    });
    this.#nodes = new Map([...nodes.values()].map((node) => [node.key, box(node, places.get(node.key))]));
    this.svg.replaceChildren(...drawn.map(({ line }) => line), ...[...this.#nodes.values()].map(({ link }) => link), ...drawn.map(({ text }) => text));
    if (focused) this.#nodes.get(focused)?.link.focus();
    if (rings.length) this.#scrollTo(Math.min(...rings[0].map((key) => places.get(key).x)), w);
  }

  /** If not all of it fits, the cycle is shown. */
  #scrollTo(x, width) {
    this.svg.parentElement.scrollLeft = (x * this.svg.clientWidth) / width;
  }

  #line({ from, to, kind, label, since, blocked }, places, atStart) {
    const { path, arrow, label: spot } = edgePath(places.get(from), places.get(to), atStart);
    const line = make("g", { class: `line ${kind}` }, [make("path", { class: "path", d: path }), make("path", { class: "tip", d: arrow })]);
    const text = make("text", { class: `edge-label ${kind}`, x: spot.x, y: spot.y, "text-anchor": spot.anchor });
    for (const one of [line, text]) setData(one, "blocked", blocked);
    this.#labels.push({ text, key: `${from} ${to}`, start: label });
    return { line, text, label: { spot, start: label, timed: since !== null, waits: kind === "waits", blocked } };
  }

  #dress({ link, icon, label, below, title }, words, kind) {
    const width = WIDTH - 2 * (kind === "resource" ? INSET + ROUND : INSET);
    setAttr(link, "href", words.href);
    setData(link, "tone", words.tone);
    setText(icon, words.icon);
    fit(label, words.label, MOST_CHARACTERS[kind].label, width - (words.icon ? ICON : 0));
    fit(below, words.below, MOST_CHARACTERS[kind].below, width);
    setText(title, [words.label, words.below, words.title].filter(Boolean).join(", ")); // names the link; also its tooltip
  }
}

function box({ key, kind, blocked }, { x, y }) {
  const icon = make("text", { class: "icon", "aria-hidden": "true", x: WIDTH - INSET, y: 18, "text-anchor": "end" });
  const label = make("text", { class: "label", x: INSET, y: 18 });
  const below = make("text", { class: "below", x: INSET, y: 34 });
  const title = make("title");
  const shape = make("rect", { width: WIDTH, height: HEIGHT, rx: kind === "resource" ? 22 : 7 });
  const link = make("a", { class: `node ${kind}`, transform: `translate(${x} ${y})` }, [title, shape, icon, label, below]);
  if (kind === "resource") for (const text of [label, below]) setAttr(text, "x", String(INSET + ROUND));
  if (kind === "resource") setAttr(icon, "x", String(WIDTH - INSET - ROUND));
  setData(link, "key", key);
  setData(link, "blocked", blocked);
  return { link, icon, label, below, title };
}

/** Cut a text to a width, as SVG does not. @param {SVGTextElement} place @param {string} text @param {number} most characters @param {number} width in units of the drawing */
function fit(place, text, most, width) {
  if (place.dataset.whole === text) return;
  place.dataset.whole = text;
  place.textContent = cut(text, most);
  for (let left = Math.min(text.length, most); left > 2 && place.getComputedTextLength() > width; left -= 1) place.textContent = cut(text, left - 1);
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function make(tag, attributes = {}, children = []) {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}
