/** The log: live, with follow, pause, search and download. */

import { bytes, count, plural } from "../words/format.js";
import { Lines } from "./lines.js";
import { LogSearch } from "./search.js";
import { follow, whole } from "./stream.js";
import { store } from "../state/store.js";
import { part, setText } from "../dom/dom.js";
import { attempt } from "../widgets/toasts.js";

const NEAR = 24;
const MOST_HELD = 1_000_000;

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function open(panel, id) {
  const box = part(panel, "lines");
  const state = { follow: true, paused: false, held: "", skipped: 0, failed: "" };
  const search = new LogSearch(panel, box, () => setFollow(panel, state, false));
  const lines = new Lines(box, (added) => {
    search.added(added);
    if (state.follow) box.scrollTop = box.scrollHeight;
    note(panel, state, lines);
  });
  const stop = follow(id, {
    text: (text) => (state.paused ? hold(panel, state, lines, text) : lines.add(text)),
    skipped: (size) => { state.skipped += size; },
    failed: (error) => { state.failed = error.detail ?? error.message; note(panel, state, lines); },
  });
  buttons(panel, box, state, lines, id);
  note(panel, state, lines);
  return () => { stop(); search.close(); };
}

function buttons(panel, box, state, lines, id) {
  const following = part(panel, "follow");
  const atEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
  following.addEventListener("click", () => {
    setFollow(panel, state, !state.follow);
    if (state.follow) box.scrollTop = box.scrollHeight;
  });
  for (const kind of ["wheel", "touchmove", "keydown"])
    box.addEventListener(kind, () => requestAnimationFrame(() => setFollow(panel, state, atEnd())), { passive: true });
  box.addEventListener("scrollend", () => atEnd() || setFollow(panel, state, false));
  part(panel, "pause").addEventListener("click", (event) => pause(event.currentTarget, panel, state, lines));
  part(panel, "download").addEventListener("click", () => download(id));
}

function setFollow(panel, state, on) {
  state.follow = on;
  part(panel, "follow").setAttribute("aria-pressed", String(on));
}

function pause(button, panel, state, lines) {
  state.paused = !state.paused;
  button.setAttribute("aria-pressed", String(state.paused));
  setText(button, state.paused ? "Resume" : "Pause");
  if (!state.paused) {
    lines.add(state.held);
    state.held = "";
  }
  note(panel, state, lines);
}

function hold(panel, state, lines, text) {
  state.held = (state.held + text).slice(-MOST_HELD);
  note(panel, state, lines);
}

function note(panel, state, lines) {
  const waiting = state.paused ? state.held.split("\n").length - 1 : 0;
  const words = [
    state.failed && `Could not read the log: ${state.failed}`,
    state.skipped && `The first ${bytes(state.skipped)} are not shown; use Download.`,
    lines.dropped && `${count(lines.dropped)} earlier lines are not shown.`,
    state.paused && `Paused: ${plural(waiting, "new line")}.`,
  ].filter(Boolean).join(" ");
  part(panel, "note").hidden = !words;
  setText(part(panel, "note"), words);
  part(panel, "empty").hidden = Boolean(state.failed) || part(panel, "lines").childElementCount > 0;
}

function download(id) {
  return attempt("Could not download the log.", async () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await whole(id));
    link.download = `${store.processes.get(id)?.name ?? "process"}-${id}.log`.replace(/[^\w.-]+/g, "_");
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}
