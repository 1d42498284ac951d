/** One program: head, what is wrong, who waits for whom, its processes and resources, and the panel beside them.  Its address is /programs/ID. */

import { attr, mark } from "../dom/dom.js";
import { framed } from "../dom/frame.js";
import { ABSENT, clock, count, duration, exitcode } from "../words/format.js";
import { followBeside, showBeside } from "./beside.js";
import { programWorkload, themes } from "./catalogue.js";
import { showFindings, startFindings } from "./findings.js";
import { showProcesses, startRows } from "./rows.js";
import { commandLine, isLive, programState } from "../words/programs.js";
import { showVerbs, startVerbs } from "./verbs.js";
import { showResources, startResources } from "../resources/groups.js";
import { detailHref, onRoute, programHref, route } from "../state/router.js";
import { store } from "../state/store.js";
import { fill, part } from "../dom/template.js";
import { showWaits, startWaits } from "../waits/waits.js";

const TICK_MS = 1000;
const PATIENCE_MS = 2500;
/** So many characters of a command are shown; the pointer shows all. */
const COMMAND = 160;
const root = document.getElementById("program");
const head = part(root, "head");
let id = null;
let missing = null;
let asked = null;
const render = framed(() => id && show());

/** Follow the address and the store. */
export function startProgram() {
  startVerbs(part(root, "verbs"));
  startFindings();
  startWaits();
  startRows();
  startResources();
  onRoute(follow);
  follow(route());
  store.subscribe(({ programs, processes, descendants, resources, removed, waits, reset, status }) => {
    if (id && (reset || waits || status || programs.size + processes.size + descendants.size + resources.size + removed.size)) render();
  });
  setInterval(() => id && !document.hidden && render(), TICK_MS);
}

function follow(now) {
  const before = id;
  id = now.program;
  root.hidden = !id;
  followBeside(now);
  if (before !== id) {
    missing = null;
    part(root, "scroll").scrollTop = 0;
  }
  if (id) show();
}

function show() {
  const program = store.programs.get(id);
  part(root, "body").hidden = part(root, "known").hidden = !program;
  showNobody(program);
  if (!program) return;
  showHead(program);
  showVerbs(part(root, "verbs"), program);
  showFindings(id);
  showWaits(id);
  showProcesses(id);
  showResources(id);
  showBeside(program);
}

/** What was started a moment ago comes with the next delta: no reason for alarm. */
function showNobody(program) {
  missing = program ? null : missing ?? performance.now();
  const waits = store.seq === null || performance.now() - (missing ?? 0) < PATIENCE_MS;
  part(root, "nobody").hidden = Boolean(program) || waits;
  if (!program) fill(head, { name: waits ? "" : id });
  attr(part(root, "journal"), "href", `/events?process=${encodeURIComponent(id)}`);
}

function showHead(program) {
  const { icon, word, tone } = programState(program);
  const { name, pid, command, cwd, python, attached, started_at: at, ended_at: end, exitcode: code, not_seen: unseen, unobserved } = program;
  mark(part(head, "badge"), "tone", tone);
  const live = isLive(program);
  const facts = [
    python && `Python ${python.replace(/^python\s*/i, "")}`, cwd && `in ${cwd}`, attached && "in its user's terminal", at && `started ${clock(at)}`,
    at && `${live ? "for" : "ran"} ${duration((live ? store.now() : end ?? store.now()) - at)}`, !live && code !== null && `exit code ${exitcode(code)}`,
  ];
  fill(head, { name, icon, word, pid: `pid ${pid ?? ABSENT}`, command: begun(commandLine(command)), facts: facts.filter(Boolean).join(" · ") });
  attr(head.querySelector("[data-text=command]"), "title", command.join(" "));
  // A Python tells of itself when it imports multiprocessing: no reason to speak of that at once.
  part(head, "unobserved").hidden = !unobserved || (live && store.now() - at < PATIENCE_MS / 1000);
  part(head, "unseen").hidden = !unseen;
  fill(head, { unobserved: unobserved ?? "", unseen: `${count(unseen)} ${unseen === 1 ? "report" : "reports"} of its processes did not arrive: what they tell of is missing here.` });
  attr(part(head, "first"), "href", detailHref(id));
  attr(part(head, "events"), "href", `/events?process=${encodeURIComponent(id)}`);
  const open = route().params.get("log");
  attr(part(head, "log"), "href", programHref(id, open ? {} : { log: 1 }));
  attr(part(head, "log"), "aria-current", open ? "true" : null);
  showLook(program);
}

const begun = (text) => (text.length > COMMAND ? `${text.slice(0, COMMAND - 1)}…` : text);

/** What its script in the catalogue is there for: who runs it to learn has the dialog before him no more. */
function showLook({ id: shown, workload }) {
  const about = workload ? programWorkload(workload) : null;
  part(head, "look").hidden = !about;
  fill(head, { look_at: about?.look_at ?? "" });
  if (!workload || about || asked === shown) return;
  asked = shown;
  themes().then(render, () => {}); // it is no loss
}
