/** The buttons of the detail: what is possible is enabled, the rest says why not; the price stands below. */

import { act } from "../acting/processes.js";
import { plural } from "../words/finding.js";
import { price, VERBS, whyNot } from "../words/verbs.js";
import { chooseSignal } from "../acting/signals.js";
import { store } from "../state/store.js";
import { fill, part, stamp } from "../dom/template.js";
import { toast } from "../widgets/toasts.js";
import { KEYS } from "../words/offers.js";

const ENDING = new Set(["terminate", "kill"]);
const ORDER = ["stack", "start", "suspend", "resume", "restart", "terminate", "kill", "join", "close", "signal"];
/** Of two that exclude each other the one that is impossible is left out: it would only be noise. */
const ONLY_WHEN_POSSIBLE = new Set(["start", "resume", "close"]);
const ONLY_WHILE_IT_LIVES = new Set(["stack", "suspend", "signal", "terminate", "kill", "join"]);
const GONE = new Set(["joined", "closed", "fatal", "lost", "created"]);

/** @param {HTMLElement} root @param {object} process */
export function showActs(root, process) {
  const bar = part(root, "acts");
  if (!bar.children.length) bar.append(...ORDER.map(button));
  bar.dataset.id = process.id;
  for (const one of bar.children) show(one, process);
  fill(root, { price: whatItCosts(process) });
}

function button(verb) {
  const made = stamp("act");
  made.dataset.verb = verb;
  made.classList.toggle("danger", ENDING.has(verb));
  fill(made, { label: VERBS[verb].label });
  KEYS[verb] ? (part(made, "key").textContent = KEYS[verb]) : part(made, "key").remove();
  made.addEventListener("click", (event) => press(event, verb));
  return made;
}

function show(made, process) {
  const { verb } = made.dataset;
  const why = whyNot(verb, process, store.role);
  made.setAttribute("aria-disabled", String(Boolean(why)));
  made.title = why || price(verb, process);
  made.hidden = Boolean(whyNot(verb, process, "operator")) && omitted(verb, process.state);
  if (verb === "resume") made.hidden ||= process.state !== "suspended";
}

function omitted(verb, state) {
  if (verb === "suspend") return state !== "running" && state !== "starting";
  return ONLY_WHEN_POSSIBLE.has(verb) || (ONLY_WHILE_IT_LIVES.has(verb) && GONE.has(state));
}

function press(event, verb) {
  const made = event.currentTarget;
  const { id } = made.parentElement.dataset;
  if (made.getAttribute("aria-disabled") === "true") return void toast({ title: "Nothing was done.", text: made.title, tone: "note" });
  verb === "signal" ? chooseSignal(id, made) : act(verb, id, made);
}

function whatItCosts(process) {
  if (whyNot("kill", process, "operator")) return "";
  const below = process.descendants && plural(process.descendants, "descendant");
  if (process.state === "stopping") return `Kill does not wait for the end of the grace.${below ? ` It ends ${below} too.` : ""}`;
  const also = below ? ` Both end its ${below}.` : "";
  return `Terminate gives it ${process.grace_s} s to end by itself, Kill none.${also}`;
}
