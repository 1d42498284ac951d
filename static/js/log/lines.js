/**
 * Text into lines of the log: at most CAP of them, or MOST characters, stay on the page, and what was dropped is
 * counted.  Laying out more than that costs every later line dearly (measured: 100 ms a time at five megabytes).
 * Log lines are a stranger's text; colours of terminals are taken out, a line that returns to its start shows its end.
 */

import { framed } from "../dom/frame.js";

const CAP = 5000;
const MOST = 400_000;
const LONGEST = 4000;
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;

export class Lines {
  #box;
  #added;
  #waiting = "";
  #partial = "";
  #sizes = [];
  #flush;
  /** How many lines were left out to stay below CAP. */
  dropped = 0;

  /** @param {HTMLElement} box @param {(lines: HTMLElement[]) => void} added is called after each change of the page */
  constructor(box, added) {
    this.#box = box;
    this.#added = added;
    this.#flush = framed(() => this.#render());
  }

  /** @param {string} text as it was written, cut anywhere */
  add(text) {
    this.#waiting += text;
    this.#shorten();
    this.#flush();
  }

  /** Until the next frame, which never comes in the background, keep no more than could be shown. */
  #shorten() {
    if (this.#waiting.length <= 2 * MOST) return;
    const cut = this.#waiting.slice(0, -MOST);
    this.dropped += cut.split("\n").length - 1;
    this.#waiting = this.#waiting.slice(-MOST);
  }

  #render() {
    const lines = this.#take();
    if (this.#partial && this.#box.lastElementChild) {
      this.#box.lastElementChild.remove();
      this.#sizes.pop();
    }
    this.#partial = lines.at(-1);
    if (!this.#partial) lines.pop();
    const made = lines.map(line);
    this.#box.append(...made);
    for (const one of made) this.#sizes.push(one.textContent.length);
    this.#trim();
    this.#added(made.filter((one) => one.isConnected));
  }

  /** The waiting text as lines, the last one perhaps unfinished; of a flood only the end. */
  #take() {
    const lines = (this.#partial + this.#waiting).split("\n");
    this.#waiting = "";
    const over = lines.length - 1 - CAP;
    if (over <= 0) return lines;
    this.dropped += over;
    return lines.slice(over);
  }

  #trim() {
    let over = Math.max(0, this.#sizes.length - CAP);
    let size = this.#sizes.reduce((sum, one, at) => (at < over ? sum : sum + one), 0);
    while (size > MOST) size -= this.#sizes[over++];
    if (!over) return;
    this.#sizes.splice(0, over);
    this.dropped += over;
    const range = document.createRange();
    range.setStartBefore(this.#box.firstElementChild);
    range.setEndAfter(this.#box.children[over - 1]);
    range.deleteContents();
  }
}

function line(text) {
  const made = document.createElement("div");
  const clean = text.replace(ESCAPES, "").replace(/\r+$/, "");
  const shown = clean.slice(clean.lastIndexOf("\r") + 1);
  made.textContent = shown.length > LONGEST ? `${shown.slice(0, LONGEST)} … ${(shown.length - LONGEST).toLocaleString("en")} characters more` : shown || "\u200b";
  return made;
}
