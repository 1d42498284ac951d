/** The tab with what is only looked up when asked for: shares of memory, files, connections, environment. */

import { get } from "../state/api.js";
import { bytes, clock } from "../words/format.js";
import { store } from "../state/store.js";
import { element, fill, part, stamp } from "../dom/template.js";

const text = (value) => (value === null || value === undefined ? "–" : Array.isArray(value) ? value.join(" ") : String(value));

/** [label, value, what it means] */
const ROWS = [
  ["PSS", (found) => bytes(found.pss_bytes), "Its share of memory: what several processes use together is divided."],
  ["USS", (found) => bytes(found.uss_bytes), "Memory that is its alone: what its end would free."],
  ["Command", (found) => text(found.command), ""],
  ["Folder", (found) => text(found.cwd), "Its working directory."],
  ["CPUs", (found) => (found.cpu_affinity ? found.cpu_affinity.join(", ") : "–"), "Where it may run."],
  ["Nice", (found) => text(found.nice), "Higher gives way to others."],
];

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function open(panel, id) {
  let closed = false;
  const look = async () => {
    fill(panel, { when: "Looking …" });
    try {
      const found = await get(`/api/v1/processes/${id}/inspect`);
      if (!closed) show(panel, found);
    } catch (error) {
      if (!closed) fill(panel, { when: `Nothing to see: ${error.detail ?? error.message}` });
    }
  };
  part(panel, "look").addEventListener("click", look);
  look();
  return () => { closed = true; };
}

function show(panel, found) {
  fill(panel, { when: [`As it was at ${clock(store.now())}.`, ...(found.notes ?? [])].join(" ") });
  part(panel, "rows").replaceChildren(...ROWS.map(([label, value, why]) => row(label, value(found), why)));
  const environment = Object.entries(found.environment ?? {}).sort().map(([name, value]) => `${name}=${value}`);
  const lists = [["Open files", found.open_files], ["Connections", found.connections], ["Environment", found.environment === null ? null : environment]];
  part(panel, "lists").replaceChildren(...lists.filter(([, lines]) => lines).map(([title, lines]) => listing(title, lines.map(flat))));
}

function row(label, value, why) {
  const made = stamp("fact");
  fill(made, { label, value, why });
  made.querySelector('[data-text="value"]').classList.add("num");
  return made;
}

function listing(title, lines) {
  const made = stamp("listing");
  fill(made, { title, count: lines.length });
  part(made, "list").replaceChildren(...lines.map((line) => element("li", "num", line)));
  made.open = lines.length > 0 && lines.length <= 12;
  return made;
}

/** A connection or a file may come as an object: its values in a row. */
const flat = (line) => (line !== null && typeof line === "object" ? Object.values(line).filter((one) => one !== null && one !== "").join(" · ") : String(line));
