/** A line of the last minute on a small canvas: with many of them, cheaper than SVG or a chart library. */

import { colour } from "./palette.js";
import { POINTS } from "../state/samples.js";

/**
 * @param {HTMLCanvasElement} canvas sized by CSS
 * @param {(number|null)[]} values oldest first; gaps where null
 * @param {{top: number, tone?: string}} options `top`: the value at the upper edge
 */
export function sparkline(canvas, values, { top, tone = "accent" }) {
  const { brush, width, height } = prepared(canvas);
  brush.clearRect(0, 0, width, height);
  if (!values.some((value) => value !== null)) return;
  const step = width / (POINTS - 1);
  const left = width - (values.length - 1) * step;
  brush.beginPath();
  let pen = false;
  values.forEach((value, i) => {
    if (value === null) return void (pen = false);
    const y = height - 1.5 - Math.min(1, value / (top || 1)) * (height - 3);
    pen ? brush.lineTo(left + i * step, y) : brush.moveTo(left + i * step, y);
    pen = true;
  });
  brush.strokeStyle = colour(tone);
  brush.stroke();
}

/** The size of a canvas is read once: reading between writes would force a layout for each row. */
const known = new WeakMap();

function prepared(canvas) {
  const scale = devicePixelRatio || 1;
  const before = known.get(canvas);
  if (before?.scale === scale) return before;
  const { clientWidth: width, clientHeight: height } = canvas;
  Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  brush.setTransform(scale, 0, 0, scale, 0, 0);
  Object.assign(brush, { lineWidth: 1.3, lineJoin: "round" });
  const now = { brush, width, height, scale };
  if (width) known.set(canvas, now);
  return now;
}

/** The largest value of a series, at least `floor`. */
export const peak = (values, floor) => values.reduce((most, value) => Math.max(most, value ?? 0), floor);
