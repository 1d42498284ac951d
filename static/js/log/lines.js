/**
 * Turns text into lines of the log.  At most MOST_LINES lines or MOST_CHARACTERS characters stay on the page; dropped
 * lines are counted.  With more, the layout of each further line is slow (measured: 100 ms at 5 MB).  Log lines are
 * untrusted text; terminal escapes are removed, and of a line with carriage returns the last part is shown.
 */

import { framed } from "../dom/dom.js";

const MOST_LINES = 5000;
const MOST_CHARACTERS = 400_000;
const LONGEST = 4000;
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;

export class Lines {
  #waiting = "";
  #partial = "";
  #sizes = [];
  #flush;
  /** How many lines were dropped. */
  dropped = 0;

  /** @param {HTMLElement} box @param {(lines: HTMLElement[]) => void} added is called with new lines */
  constructor(box, added) {
    Object.assign(this, { box, added });
    this.#flush = framed(() => this.#render());
  }

  /** @param {string} text may end within a line */
  add(text) {
    this.#waiting += text;
    this.#shorten();
    this.#flush();
  }

  /** Until the next frame, which a hidden tab never paints, keep no more than can be shown. */
  #shorten() {
    if (this.#waiting.length <= 2 * MOST_CHARACTERS) return;
    const cut = this.#waiting.slice(0, -MOST_CHARACTERS);
    this.dropped += cut.split("\n").length - 1;
    this.#waiting = this.#waiting.slice(-MOST_CHARACTERS);
  }

  #render() {
    const lines = this.#take();
    if (this.#partial && this.box.lastElementChild) {
      this.box.lastElementChild.remove();
      this.#sizes.pop();
    }
    this.#partial = lines.at(-1);
    if (!this.#partial) lines.pop();
    const made = lines.map(line);
    this.box.append(...made);
    for (const one of made) this.#sizes.push(one.textContent.length);
    this.#trim();
    this.added(made.filter((one) => one.isConnected));
  }

  /** Return the waiting text as lines, the last one possibly incomplete; of too many lines only the last. */
  #take() {
    const lines = (this.#partial + this.#waiting).split("\n");
    this.#waiting = "";
    const over = lines.length - 1 - MOST_LINES;
    if (over <= 0) return lines;
    this.dropped += over;
    return lines.slice(over);
  }

  #trim() {
    let over = Math.max(0, this.#sizes.length - MOST_LINES);
    let size = this.#sizes.reduce((sum, one, at) => (at < over ? sum : sum + one), 0);
    while (size > MOST_CHARACTERS) size -= this.#sizes[over++];
    if (!over) return;
    this.#sizes.splice(0, over);
    this.dropped += over;
    const range = document.createRange();
    range.setStartBefore(this.box.firstElementChild);
    range.setEndAfter(this.box.children[over - 1]);
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
