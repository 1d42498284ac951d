/** What is wrong in a program, in sentences, each with its ways out beside it. */

import { act } from "../acting/processes.js";
import { askBreak } from "../acting/locks.js";
import { put } from "../dom/dom.js";
import { span } from "../words/format.js";
import { Keyed } from "../dom/keyed.js";
import { linked } from "../words/linking.js";
import { whoIs } from "../words/pids.js";
import { findingsOf, findingWord, isGrave } from "../words/programs.js";
import { called } from "../words/names.js";
import { kindWord } from "../words/resources.js";
import { detailHref, programHref } from "../state/router.js";
import { store } from "../state/store.js";
import { element, part } from "../dom/template.js";

const SHOWN = 6;
const WAYS = 3;
/** Where the end of a process is a way out, and where its code says more. */
const ENDED = new Set(["deadlock", "join-before-drain", "dead-sleeper", "orphan", "silent-client"]);
const LOOKED_INTO = new Set(["join-before-drain", "dead-sleeper", "fork-from-threads"]);
const root = document.getElementById("program");
const list = part(root, "findings");
const boxes = new Keyed(list, "program-finding", { key: ({ id }) => id, update });

/** Follow the buttons. */
export function startFindings() {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-way]");
    if (!button) return;
    const { way, target } = button.dataset;
    way === "break" ? askBreak(target, button) : act(way, target, button);
  });
}

/** @param {string} id of the program */
export function showFindings(id) {
  const found = findingsOf(id);
  const shown = found.slice(0, SHOWN);
  const more = found.slice(SHOWN);
  if (more.length) shown.push({ id: "more", kind: "more", text: `${more.length} more findings.`, why: more.map(findingWord).join(", "), cure: "", pids: [], resources: [], since: null });
  list.hidden = !shown.length;
  boxes.show(shown);
}

function update(row, cells, finding) {
  const { kind, text, why, cure, resources, since } = finding;
  row.dataset.tone = kind === "more" ? "dim" : isGrave(finding) ? "warn" : "note";
  put(cells.kind, kind === "more" ? "" : findingWord(finding));
  put(cells.since, since ? `for ${span(Math.max(0, store.now() - since))}` : "");
  say(cells.text, text, resources);
  say(cells.why, why, resources);
  say(cells.cure, cure, resources);
  offer(cells.acts, finding);
}

/** The links are made anew only where the words, or what is known of them, changed. */
function say(place, text, resources) {
  const stand = `${text} ${resources.map((id) => store.resources.has(id))} ${[...text.matchAll(/\d{2,7}/g)].map(([pid]) => Boolean(whoIs(Number(pid))))}`;
  if (place.dataset.stand === stand) return;
  place.dataset.stand = stand;
  place.replaceChildren(...linked(text, resources));
}

/** Break what is abandoned; end one of those that block each other; look at what it is about. */
function offer(place, { kind, pids, resources }) {
  const things = resources.map((id) => store.resources.get(id)).filter(Boolean);
  const living = pids.map(whoIs).filter((one) => one?.alive);
  const ways = [
    ...things.filter(({ abandoned, manager }) => abandoned && !manager).slice(0, WAYS).map((one) => ({ way: "break", target: one.id, text: `Break ${called(one).name} …` })),
    ...(ENDED.has(kind) ? living.slice(0, WAYS).map((one) => ({ way: "kill", target: one.id, text: `Kill ${one.name} …` })) : []),
    ...(LOOKED_INTO.has(kind) ? living.slice(0, WAYS).map((one) => ({ text: `Stack of ${one.name}`, href: detailHref(one.id, "stack") })) : []),
    ...things.slice(0, WAYS).map((one) => ({ text: `${kindWord(one)} ${called(one).name}`, href: programHref(one.program, { resource: one.id }) })),
  ];
  const stand = JSON.stringify(ways);
  if (place.dataset.stand === stand) return;
  place.dataset.stand = stand;
  place.replaceChildren(...ways.filter(({ way }) => !way || store.role === "operator").map(button));
}

function button({ way, target, text, href }) {
  const made = element(href ? "a" : "button", href ? "button" : "danger", text);
  if (href) made.href = href;
  else Object.assign(made, { type: "button" }).dataset.way = way;
  if (target) made.dataset.target = target;
  return made;
}
