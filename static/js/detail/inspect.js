/** The Inspect tab, read on demand: memory shares, open files, connections, environment. */

import { get } from "../state/api.js";
import { bytes, clock } from "../words/format.js";
import { store } from "../state/store.js";
import { appendFacts } from "../widgets/facts.js";
import { element, fill, part, stamp } from "../dom/dom.js";

const text = (value) => (value === null || value === undefined ? "–" : Array.isArray(value) ? value.join(" ") : String(value));

/** @type {import("../widgets/facts.js").Row[]} */
const ROWS = [
  ["PSS", (found) => bytes(found.pss_bytes), "Proportional set size: shared memory is divided among its users.", "num"],
  ["USS", (found) => bytes(found.uss_bytes), "Unique set size: memory that is freed when the process exits.", "num"],
  ["Command", (found) => text(found.command), "", "num"],
  ["Folder", (found) => text(found.cwd), "Working directory.", "num"],
  ["CPUs", (found) => (found.cpu_affinity ? found.cpu_affinity.join(", ") : "–"), "CPU affinity.", "num"],
  ["Nice", (found) => text(found.nice), "A higher value is a lower priority.", "num"],
];

/** @param {HTMLElement} panel @param {string} id @returns {() => void} close */
export function open(panel, id) {
  let closed = false;
  const refresh = async () => {
    fill(panel, { when: "Reading…" });
    try {
      const found = await get(`/api/v1/processes/${id}/inspect`);
      if (!closed) show(panel, found);
    } catch (error) {
      if (!closed) fill(panel, { when: `Could not inspect: ${error.detail ?? error.message}` });
    }
  };
  part(panel, "refresh").addEventListener("click", refresh);
  refresh();
  return () => { closed = true; };
}

function show(panel, found) {
  fill(panel, { when: [`Read at ${clock(store.now())}.`, ...(found.notes ?? [])].join(" ") });
  part(panel, "rows").replaceChildren();
  appendFacts(part(panel, "rows"), ROWS)(found);
  const environment = Object.entries(found.environment ?? {}).sort().map(([name, value]) => `${name}=${value}`);
  const lists = [["Open files", found.open_files], ["Connections", found.connections], ["Environment", found.environment === null ? null : environment]];
  part(panel, "lists").replaceChildren(...lists.filter(([, lines]) => lines).map(([title, lines]) => listing(title, lines.map(flat))));
}

function listing(title, lines) {
  const made = stamp("listing");
  fill(made, { title, count: lines.length });
  part(made, "list").replaceChildren(...lines.map((line) => element("li", "num", line)));
  made.open = lines.length > 0 && lines.length <= 12;
  return made;
}

/** Return a connection or a file, which may be an object, as one line. */
const flat = (line) => (line !== null && typeof line === "object" ? Object.values(line).filter((one) => one !== null && one !== "").join(" · ") : String(line));
