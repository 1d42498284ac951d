/** The findings of a program, each with its ways out. */

import { act } from "../acting/processes.js";
import { releaseLock } from "../acting/locks.js";
import { element, onPress, part, setChildren, setText } from "../dom/dom.js";
import { capitalized, duration } from "../words/format.js";
import { Keyed } from "../dom/rows.js";
import { linked } from "../words/linking.js";
import { processWithPid } from "../words/pids.js";
import { findingsOf, findingWord, gradedWord, isBlocking } from "../words/programs.js";
import { detailHref, programHref } from "../state/router.js";
import { store } from "../state/store.js";

const MOST_SHOWN = 6;
const MOST_EACH = 3;
const ENDED_BY_KILL = new Set(["deadlock", "join-before-drain", "dead-sleeper", "orphan", "silent-client", "stuck", "file-lock"]);
const EXPLAINED_BY_STACK = new Set(["join-before-drain", "dead-sleeper"]);
const root = document.getElementById("program");
const list = part(root, "findings");
const boxes = new Keyed(list, "program-finding", { key: ({ id }) => id, update });

/** Follow the buttons. */
export function startFindings() {
  onPress(list, "button[data-action]", (button) => {
    const { action, target } = button.dataset;
    action === "release" ? releaseLock(target, button) : act(action, target, button);
  });
}

/** @param {string} id of the program */
export function showFindings(id) {
  const found = findingsOf(id);
  const shown = found.slice(0, MOST_SHOWN);
  const more = found.slice(MOST_SHOWN);
  if (more.length) shown.push({ id: "more", kind: "more", text: `${more.length} more findings.`, why: more.map(findingWord).join(", "), cure: "", pids: [], resources: [], since: null });
  list.hidden = !shown.length;
  boxes.show(shown);
}

function update(row, cells, finding) {
  const { kind, text, why, cure, resources, since } = finding;
  row.dataset.tone = kind === "more" ? "dim" : isBlocking(finding) ? "warn" : "note";
  setText(cells.kind, kind === "more" ? "" : gradedWord(finding));
  setText(cells.since, since ? `for ${duration(store.now() - since)}` : "");
  setLinkedText(cells.text, text, resources);
  setLinkedText(cells.why, why, resources);
  setLinkedText(cells.cure, cure, resources);
  showActions(cells.actions, finding);
}

/** The text names processes and resources: its links change with what is known of them. */
function setLinkedText(place, text, resources) {
  const known = [...text.matchAll(/\d{2,7}/g)].map(([pid]) => Boolean(processWithPid(Number(pid))));
  setChildren(place, JSON.stringify([text, resources.map((id) => store.resources.has(id)), known]), () => linked(text, resources));
}

/** Show the ways out: release an abandoned lock, kill one of the processes that block each other, open a stack or a resource. */
function showActions(place, { kind, pids, resources }) {
  const known = resources.map((id) => store.resources.get(id)).filter(Boolean);
  const alive = pids.map(processWithPid).filter((one) => one?.alive);
  const actions = [
    ...known.filter(({ abandoned, manager }) => abandoned && !manager).slice(0, MOST_EACH).map((one) => ({ action: "release", target: one.id, text: `Release ${one.title}…` })),
    ...(ENDED_BY_KILL.has(kind) ? alive.slice(0, MOST_EACH).map((one) => ({ action: "kill", target: one.id, text: `Kill ${one.name}…` })) : []),
    ...(EXPLAINED_BY_STACK.has(kind) ? alive.slice(0, MOST_EACH).map((one) => ({ text: `Stack of ${one.name}`, href: detailHref(one.id, "stack") })) : []),
    ...known.slice(0, MOST_EACH).map((one) => ({ text: `${capitalized(one.kind_label)} ${one.title}`, href: programHref(one.program, { resource: one.id }) })),
  ];
  setChildren(place, JSON.stringify(actions), () => actions.filter(({ action }) => !action || store.role === "operator").map(button));
}

function button({ action, target, text, href }) {
  const made = element(href ? "a" : "button", href ? "button" : "danger", text);
  if (href) made.href = href;
  else Object.assign(made.dataset, { action, target });
  return made;
}
