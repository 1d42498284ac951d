/** The list of programs, at /programs. */

import { part, setAttr, setData, setText, setTexts } from "../dom/dom.js";
import { ABSENT, count, duration, mebibytes, percent } from "../words/format.js";
import { showState } from "../dom/rows.js";
import { showDemos, startDemos } from "./demos.js";
import { startRunDialog } from "./run.js";
import { commandLine, edgesOf, findingsOf, findingWord, isBlocking, isLive, processesOf, programState, resourcesOf, totals } from "../words/programs.js";
import { detailHref, programHref } from "../state/router.js";
import { mountList } from "../widgets/pages.js";
import { store } from "../state/store.js";

const MOST_NAMED = 2;

/** Follow the address and the store. */
export function startPrograms() {
  const demos = part(document.getElementById("programs"), "demos");
  startRunDialog();
  startDemos(demos);
  mountList("program", {
    update, empty: () => showDemos(demos),
    changed: ({ programs, processes, resources, waits }) => waits || programs.size + processes.size + resources.size,
  });
}

function update(row, cells, program) {
  const { id, name, pid, command, started_at: at, ended_at: end } = program;
  const shown = programState(program);
  const sums = totals(processesOf(id));
  setData(row, "dead", shown.dim && !sums.alive);
  const line = commandLine(command);
  const waiting = new Set(edgesOf(id).map((edge) => edge.pid)).size;
  setTexts(cells, {
    name, command: line === name ? "" : line, pid: pid ?? ABSENT, cpu: percent(sums.cpu), rss: mebibytes(sums.rss),
    processes: sums.alive === sums.all ? count(sums.alive) : `${count(sums.alive)} / ${count(sums.all)}`,
    resources: count(resourcesOf(id).length || null), waiting: count(waiting || null),
    up: at ? duration((isLive(program) ? store.now() : end ?? store.now()) - at) : ABSENT,
  });
  showState(cells, shown);
  setAttr(cells.name, "href", programHref(id));
  setAttr(cells.pid, "href", detailHref(id));
  showFindings(cells.findings, findingsOf(id));
}

function showFindings(place, findings) {
  const kinds = new Map();
  for (const one of findings) kinds.set(findingWord(one), (kinds.get(findingWord(one)) ?? 0) + 1);
  const words = [...kinds].map(([word, many]) => (many > 1 ? `${many} × ${word}` : word));
  const more = words.length - MOST_NAMED;
  const blocking = findings.some(isBlocking);
  setText(place, words.length ? `${blocking ? "▲ " : ""}${words.slice(0, MOST_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}` : "");
  setData(place, "tone", blocking ? "warn" : "dim");
  setAttr(place, "title", findings.length ? findings.map(({ text }) => text).join("\n") : null);
}
