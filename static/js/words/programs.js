/** What is known of a program, from the records of its parts. */

import { hasExited } from "./pids.js";
import { store } from "../state/store.js";

/** The findings that block a program; the others only inform. */
const BLOCKING = new Set(["deadlock", "abandoned-lock", "join-before-drain", "dead-sleeper", "pool-task-lost", "broken-barrier", "silent-client", "stuck", "file-lock", "crash-loop", "no-workers", "dead-producers", "dead-thread"]);

/** "deadlock", "abandoned lock" @param {{kind: string}} finding */
export const findingWord = ({ kind }) => kind.replaceAll("-", " ");

/** "deadlock, very likely" @param {{kind: string, certainty: string}} finding */
export const gradedWord = (finding) => findingWord(finding) + (finding.certainty === "certain" ? "" : `, ${finding.certainty}`);

/** Return whether a finding blocks some of its processes. @param {{kind: string}} finding */
export const isBlocking = ({ kind }) => BLOCKING.has(kind);

/** @param {object} program @returns {import("./pools.js").Shown} */
export function programState({ state, exitcode }) {
  if (state === "running") return { icon: "●", tone: "ok", word: state, dim: false };
  if (state === "starting" || state === "registered" || state === "created") return { icon: "◌", tone: "cool", word: "starting", dim: false };
  if (state === "stopping") return { icon: "◔", tone: "cool", word: state, dim: false };
  return exitcode ? { icon: "✕", tone: "bad", word: "failed", dim: true } : { icon: "✓", tone: "dim", word: "exited", dim: true };
}

/** @param {object} program */
export const isLive = (program) => !programState(program).dim;

/** Return its processes, oldest first. @param {string} id */
export function processesOf(id) {
  const own = [...store.processes.values()].filter(({ program }) => program === id);
  return own.sort((a, b) => (a.created_at ?? 0) - (b.created_at ?? 0) || (a.pid ?? 0) - (b.pid ?? 0));
}

/** Return its resources without the parts that they are made of. @param {string} id */
export const resourcesOf = (id) => [...store.resources.values()].filter(({ program, part_of: whole }) => program === id && !whole);

/** Return what may be wrong with a program, or may be meant so. @param {string} id @returns {{title: string, since: number, text: string}[]} */
export const notesOf = (id) => (store.waits.notes ?? []).filter(({ program }) => program === id);

/** Return its findings, those that block first. @param {string} id */
export function findingsOf(id) {
  const own = store.waits.findings.filter(({ program }) => program === id);
  return own.sort((a, b) => Number(isBlocking(b)) - Number(isBlocking(a)) || a.since - b.since);
}

/** Return the pids and resource ids of its blocking findings: only these are amber, because waiting is normal. @param {string} id @returns {Set<any>} */
export const blockedMembers = (id) => new Set(findingsOf(id).filter(isBlocking).flatMap(({ pids, resources }) => [...pids, ...resources]));

/** Return the waits of its processes. @param {string} id */
export function edgesOf(id) {
  const pids = new Set(processesOf(id).map(({ pid }) => pid));
  return store.waits.edges.filter(({ pid, resource }) => pids.has(pid) || store.resources.get(resource)?.program === id);
}

/** Sum the figures of its processes. @param {object[]} processes */
export function totals(processes) {
  const alive = processes.filter((one) => one.alive);
  const sum = (field) => alive.reduce((total, one) => total + (one[field] ?? 0), 0);
  return { alive: alive.length, all: processes.length, cpu: alive.length ? sum("cpu_percent") : null, rss: alive.length ? sum("rss_bytes") : null };
}

/** "python train.py --epochs 3": interpreter and script without their folders. @param {string[]} command */
export function commandLine(command) {
  const [first = "", ...rest] = command.map((word, at) => (at === 1 ? word.replace(/^\/.*\/(?=[^/]+$)/, "") : word));
  const quoted = (text) => (/[\s"'\\$]/.test(text) || text === "" ? JSON.stringify(text) : text);
  return [first.replace(/^.*\//, ""), ...rest].map(quoted).join(" ");
}

/** Return the dead holder of an abandoned lock; if it was not observed, the guess of the finding. @param {object} one @returns {number|null} */
export function probableHolder({ id, holder: known }) {
  const found = store.waits.findings.find(({ kind, resources }) => kind === "abandoned-lock" && resources.includes(id));
  return known ?? found?.pids.find(hasExited) ?? null;
}
