/** The list of programs, at /programs; and what stands there while there is none. */

import { attr, mark, put } from "../dom/dom.js";
import { framed } from "../dom/frame.js";
import { ABSENT, count, duration, mebibytes, percent } from "../words/format.js";
import { Keyed } from "../dom/keyed.js";
import { showDemos, startDemos } from "./demos.js";
import { startRunning } from "./run.js";
import { commandLine, edgesOf, findingsOf, findingWord, isGrave, isLive, processesOf, programState, resourcesOf, together } from "../words/programs.js";
import { detailHref, onRoute, programHref, route } from "../state/router.js";
import { store } from "../state/store.js";
import { part } from "../dom/template.js";

const SECOND_MS = 1000;
const NAMED = 2;
const root = document.getElementById("programs");
const rows = new Keyed(part(root, "rows"), "program", { key: ({ id }) => id, update });
const render = framed(() => root.hidden || show());

/** Follow the address and the store. */
export function startPrograms() {
  startRunning();
  startDemos(part(root, "demos"));
  part(root, "rows").addEventListener("click", (event) => {
    if (!event.target.closest("a") && getSelection().isCollapsed) event.target.closest("tr")?.querySelector("a").click();
  });
  onRoute(follow);
  follow(route());
  store.subscribe(({ programs, processes, resources, removed, waits, reset }) => (reset || waits || programs.size + processes.size + resources.size + removed.size) && render());
  setInterval(render, SECOND_MS);
}

function follow({ page, program }) {
  root.hidden = page !== "programs" || Boolean(program);
  if (!root.hidden) show();
}

function show() {
  const programs = [...store.programs.values()].toReversed();
  const [known, none] = [store.seq !== null, !programs.length];
  rows.show(programs);
  part(root, "table").hidden = none;
  part(root, "empty").hidden = !known || !none;
  if (known && none) showDemos(part(root, "demos"));
}

function update(row, cells, program) {
  const { id, name, pid, command, started_at: at, ended_at: end } = program;
  const { icon, word, tone, dim } = programState(program);
  const sums = together(processesOf(id));
  mark(row, "dead", dim && !sums.alive);
  put(cells.name, name);
  attr(cells.name, "href", programHref(id));
  const line = commandLine(command);
  put(cells.command, line === name ? "" : line);
  mark(cells.state, "tone", tone);
  put(cells.icon, icon);
  put(cells.word, word);
  put(cells.processes, sums.alive === sums.all ? count(sums.alive) : `${count(sums.alive)} / ${count(sums.all)}`);
  put(cells.resources, count(resourcesOf(id).length || null));
  const waiting = new Set(edgesOf(id).map((edge) => edge.pid)).size;
  put(cells.waiting, count(waiting || null));
  put(cells.cpu, percent(sums.cpu));
  put(cells.rss, mebibytes(sums.rss));
  put(cells.up, at ? duration((isLive(program) ? store.now() : end ?? store.now()) - at) : ABSENT);
  put(cells.pid, pid ?? ABSENT);
  attr(cells.pid, "href", detailHref(id));
  showWrong(cells.wrong, findingsOf(id));
}

function showWrong(place, findings) {
  const kinds = new Map();
  for (const one of findings) kinds.set(findingWord(one), (kinds.get(findingWord(one)) ?? 0) + 1);
  const words = [...kinds].map(([word, many]) => (many > 1 ? `${many} × ${word}` : word));
  const more = words.length - NAMED;
  const grave = findings.some(isGrave);
  put(place, words.length ? `${grave ? "▲ " : ""}${words.slice(0, NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}` : "");
  mark(place, "tone", grave ? "warn" : "dim");
  attr(place, "title", findings.length ? findings.map(({ text }) => text).join("\n") : null);
}
