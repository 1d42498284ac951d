/** Searches the log.  Matches are coloured by the CSS Custom Highlight API, without changing the lines. */

import { part, setText } from "../dom/dom.js";

const MOST = 2000;
const marks = globalThis.CSS?.highlights;

export class LogSearch {
  #matches = [];
  #at = -1;

  /** @param {HTMLElement} panel @param {HTMLElement} box @param {() => void} moved is called when a match is scrolled into view */
  constructor(panel, box, moved) {
    Object.assign(this, { panel, box, moved, query: part(panel, "query") });
    this.query.addEventListener("input", () => this.#search());
    this.query.addEventListener("keydown", (event) => this.#key(event));
    part(panel, "next").addEventListener("click", () => this.#go(1));
    part(panel, "previous").addEventListener("click", () => this.#go(-1));
  }

  get active() {
    return this.query.value !== "";
  }

  /** Search added lines; forget matches in removed lines. @param {HTMLElement[]} lines */
  added(lines) {
    if (!this.active) return;
    this.#matches = this.#matches.filter((match) => match.startContainer.isConnected && !match.collapsed);
    for (const line of lines) this.#searchLine(line);
    this.#show();
  }

  close() {
    marks?.delete("log-match");
    marks?.delete("log-current");
  }

  #key(event) {
    if (event.key === "Enter") {
      event.preventDefault();
      this.#go(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && this.active) {
      event.stopPropagation();
      event.preventDefault();
      this.query.value = "";
      this.#search();
    }
  }

  #search() {
    this.#matches = [];
    this.#at = -1;
    if (this.active) for (const line of this.box.children) this.#searchLine(line);
    this.#show();
    if (this.#matches.length) this.#go(-1);
  }

  #searchLine(line) {
    const text = line.firstChild;
    const wanted = this.query.value.toLowerCase();
    const here = text?.data.toLowerCase() ?? "";
    for (let at = here.indexOf(wanted); at >= 0 && this.#matches.length < MOST; at = here.indexOf(wanted, at + wanted.length)) {
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, Math.min(at + wanted.length, text.length));
      this.#matches.push(range);
    }
  }

  #go(step) {
    const count = this.#matches.length;
    if (!count) return;
    this.#at = this.#at < 0 && step < 0 ? count - 1 : (this.#at + step + count) % count;
    this.moved();
    const line = this.#matches[this.#at].startContainer.parentElement;
    this.box.scrollTop = line.offsetTop - this.box.offsetTop - this.box.clientHeight / 2;
    this.#show();
  }

  #show() {
    const count = this.#matches.length;
    this.#at = Math.min(this.#at, count - 1);
    const many = count === MOST ? `${MOST.toLocaleString("en")}+` : count;
    setText(this.panel.querySelector('[data-text="found"]'), this.active ? (count ? `${this.#at < 0 ? "" : `${this.#at + 1} of `}${many}` : "no matches") : "");
    if (!marks) return;
    marks.set("log-match", new Highlight(...this.#matches));
    marks.set("log-current", new Highlight(...(this.#at < 0 ? [] : [this.#matches[this.#at]])));
  }
}
