/** A long table in a scrolling box: only the rows in view exist, empty space stands for those above and below. */

import { part } from "./dom.js";

const OVERSCAN = 6;
/** Up to this many rows are all shown. */
const ALL_SHOWN = 60;

export class Windowed {
  /**
   * @param {HTMLElement} box with the part that scrolls, and empty <tbody>s above and below the rows
   * @param {() => void} changed other rows are in view
   */
  constructor(box, changed) {
    Object.assign(this, { scroll: part(box, "scroll"), above: part(box, "above"), below: part(box, "below") });
    this.scroll.addEventListener("scroll", () => this.on && changed(), { passive: true });
  }

  /** Whether there are more rows than ALL_SHOWN. */
  on = false;

  /** Return the records whose rows are in view. @template T @param {T[]} records @returns {T[]} */
  slice(records) {
    this.on = records.length > ALL_SHOWN;
    this.scroll.toggleAttribute("data-windowed", this.on);
    const step = this.on ? this.#step() : 0;
    const first = this.on ? Math.max(0, Math.floor(this.scroll.scrollTop / step) - OVERSCAN) : 0;
    const shown = this.on ? Math.ceil(this.scroll.clientHeight / step) + 2 * OVERSCAN : records.length;
    this.#space(this.above, first * step);
    this.#space(this.below, Math.max(0, records.length - first - shown) * step);
    return records.slice(first, first + shown);
  }

  /** Scroll row `index` of `count` into view. @param {number} index @param {number} count */
  reveal(index, count) {
    this.slice(Array.from({ length: count })); // sets the heights that scrolling needs
    if (this.on) this.scroll.scrollTop = Math.max(0, index * this.#step() - this.scroll.clientHeight / 2);
  }

  #step() {
    return parseFloat(getComputedStyle(this.scroll).getPropertyValue("--row")) || 34;
  }

  #space(body, height) {
    body.hidden = !height;
    body.firstElementChild.style.height = `${height}px`;
  }
}
