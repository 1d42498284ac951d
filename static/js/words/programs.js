/** What a program is at a moment, from the records of its parts. */

import { isDead } from "./pids.js";
import { store } from "../state/store.js";

/** What keeps a program from going on, and what is only worth knowing. */
const STANDSTILL = new Set(["deadlock", "abandoned-lock", "join-before-drain", "dead-sleeper", "pool-task-lost", "broken-barrier", "silent-client"]);
const WORDS = {
  "deadlock": "deadlock", "abandoned-lock": "abandoned lock", "join-before-drain": "join before drain", "pool-task-lost": "pool task lost",
  "zombie": "zombie", "orphan": "orphan", "daemon-with-child": "daemon with a child", "fork-from-threads": "fork from threads",
  "leak": "leak", "broken-barrier": "broken barrier", "dead-sleeper": "dead sleeper", "silent-client": "silent client",
};

/** "deadlock", "abandoned lock" @param {{kind: string}} finding */
export const findingWord = ({ kind }) => WORDS[kind] ?? kind.replaceAll("-", " ");

/** Whether something stands still because of it. @param {{kind: string}} finding */
export const isGrave = ({ kind }) => STANDSTILL.has(kind);

/** @param {object} program @returns {import("./pools.js").Shown} */
export function programState({ state, exitcode }) {
  if (state === "running") return { icon: "●", tone: "ok", word: state, dim: false };
  if (state === "starting" || state === "registered" || state === "created") return { icon: "◌", tone: "cool", word: "starting", dim: false };
  if (state === "stopping") return { icon: "◔", tone: "cool", word: state, dim: false };
  return exitcode ? { icon: "✕", tone: "bad", word: "failed", dim: true } : { icon: "✓", tone: "dim", word: "ended", dim: true };
}

/** @param {object} program */
export const isLive = (program) => !programState(program).dim;

/** Its processes, oldest first. @param {string} id */
export function processesOf(id) {
  const own = [...store.processes.values()].filter(({ program }) => program === id);
  return own.sort((a, b) => (a.created_at ?? 0) - (b.created_at ?? 0) || (a.pid ?? 0) - (b.pid ?? 0));
}

/** Its resources; what they are made of is not counted. @param {string} id */
export const resourcesOf = (id) => [...store.resources.values()].filter(({ program, part_of: whole }) => program === id && !whole);

/** What is wrong in it, what stands still first. @param {string} id */
export function findingsOf(id) {
  const own = store.waits.findings.filter(({ program }) => program === id);
  return own.sort((a, b) => Number(isGrave(b)) - Number(isGrave(a)) || a.since - b.since);
}

/** Pids and ids of resources that stand still in it: only these are amber, to wait is nothing unusual. @param {string} id @returns {Set<any>} */
export const troubled = (id) => new Set(findingsOf(id).filter(isGrave).flatMap(({ pids, resources }) => [...pids, ...resources]));

/** Who waits in it. @param {string} id */
export function edgesOf(id) {
  const pids = new Set(processesOf(id).map(({ pid }) => pid));
  return store.waits.edges.filter(({ pid, resource }) => pids.has(pid) || store.resources.get(resource)?.program === id);
}

/** Figures of all its processes together. @param {object[]} processes */
export function together(processes) {
  const alive = processes.filter((one) => one.alive);
  const sum = (field) => alive.reduce((total, one) => total + (one[field] ?? 0), 0);
  return { alive: alive.length, all: processes.length, cpu: alive.length ? sum("cpu_percent") : null, rss: alive.length ? sum("rss_bytes") : null };
}

/** "python train.py --epochs 3", interpreter and script without their folders. @param {string[]} command */
export function commandLine(command) {
  const [first = "", ...rest] = command.map((word, at) => (at === 1 ? word.replace(/^\/.*\/(?=[^/]+$)/, "") : word));
  const quoted = (text) => (/[\s"'\\$]/.test(text) || text === "" ? JSON.stringify(text) : text);
  return [first.replace(/^.*\//, ""), ...rest].map(quoted).join(" ");
}

/** The dead holder of an abandoned lock; where nobody saw that it had it, the finding's guess. @param {object} one @returns {number|null} */
export function probableHolder({ id, holder: known }) {
  const found = store.waits.findings.find(({ kind, resources }) => kind === "abandoned-lock" && resources.includes(id));
  return known ?? found?.pids.find(isDead) ?? null;
}
