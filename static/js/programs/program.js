/** The page of a program: head, findings, wait graph, processes, resources and the side panel.  Its address is /programs/ID. */

import { fill, part, setAttr, setData } from "../dom/dom.js";
import { ABSENT, capitalized, clock, duration, exitcode, plural } from "../words/format.js";
import { programPanel } from "./sidepanel.js";
import { programs } from "../state/catalogue.js";
import { showFindings, startFindings } from "./findings.js";
import { showProcesses, startRows } from "./rows.js";
import { commandLine, isLive, notesOf, programState } from "../words/programs.js";
import { showVerbs, startVerbs } from "./verbs.js";
import { showResources, startResources } from "../resources/groups.js";
import { detailHref, programHref, route } from "../state/router.js";
import { store } from "../state/store.js";
import { mountPage } from "../widgets/pages.js";
import { showWaits, startWaits } from "../waits/waits.js";

/** Shorter programs may not have imported multiprocessing yet: being unobserved is normal for them. */
const UNOBSERVED_AFTER_S = 2.5;
const MOST_CHARACTERS = 160;
const root = document.getElementById("program");
const head = part(root, "head");
let requested = null;
let render = () => {};

/** Follow the address and the store. */
export function startProgram() {
  startVerbs(part(root, "verbs"));
  startFindings();
  startWaits();
  startRows();
  startResources();
  render = mountPage("program", {
    show, panel: programPanel,
    changed: ({ programs, processes, descendants, resources, removed, waits }) =>
      waits || programs.size + processes.size + descendants.size + resources.size + removed.size,
  });
}

function show(program) {
  showHead(program);
  showVerbs(part(root, "verbs"), program);
  showFindings(program.id);
  showWaits(program.id);
  showProcesses(program.id);
  showResources(program.id);
}

function showHead(program) {
  const { icon, word, tone } = programState(program);
  const { id, name, pid, command, cwd, python, attached, started_at: at, ended_at: end, exitcode: code, not_seen: lost, unobserved } = program;
  setData(part(head, "badge"), "tone", tone);
  const live = isLive(program);
  const facts = [
    python && `Python ${python.replace(/^python\s*/i, "")}`, cwd && `in ${cwd}`, attached && "in a terminal", at && `started ${clock(at)}`,
    at && `${live ? "running for" : "ran for"} ${duration((live ? store.now() : end ?? store.now()) - at)}`, !live && code !== null && `exit code ${exitcode(code)}`,
  ];
  fill(head, { name, icon, word, pid: `pid ${pid ?? ABSENT}`, command: shortened(commandLine(command)), facts: facts.filter(Boolean).join(" · ") });
  setAttr(head.querySelector("[data-text=command]"), "title", command.join(" "));
  part(head, "unobserved").hidden = !unobserved || (live && store.now() - at < UNOBSERVED_AFTER_S);
  part(head, "lost").hidden = !lost;
  const notes = notesOf(id);
  part(head, "still").hidden = !notes.length;
  fill(head, { still: notes.map(({ title, since, text }) => `${capitalized(title)} (${duration(store.now() - since)}). ${text}`).join(" ") });
  fill(head, { unobserved: unobserved ?? "", lost: `${plural(lost ?? 0, "report")} of its processes did not arrive; this page is incomplete.` });
  setAttr(part(head, "first"), "href", detailHref(id));
  setAttr(part(head, "events"), "href", `/events?process=${encodeURIComponent(id)}`);
  const open = route().params.get("log");
  setAttr(part(head, "log"), "href", programHref(id, open ? {} : { log: 1 }));
  setAttr(part(head, "log"), "aria-current", open ? "true" : null);
  showLook(program);
}

const shortened = (text) => (text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text);

/** Show what a program of the catalogue demonstrates. */
function showLook({ id: shown, workload }) {
  const about = workload ? programs.entry(workload) : null;
  part(head, "look").hidden = !about;
  fill(head, { look_at: about?.look_at ?? "" });
  if (!workload || about || requested === shown) return;
  requested = shown;
  programs.themes().then(render, () => {}); // only the hint is missing then
}
