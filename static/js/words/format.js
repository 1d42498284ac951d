/** Figures and states as text.  An absent value is an en dash, never 0; a minus is a minus sign.  Pure. */

export const ABSENT = "–";
const MIB = 1024 * 1024;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);
const absent = (value) => !known(value);

/** "8.2 GiB" @param {number|null} value */
export function bytes(value) {
  if (absent(value)) return ABSENT;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${value.toFixed(unit && value < 100 ? 1 : 0)} ${UNITS[unit]}`;
}

/** Mebibytes without the unit: the column header names it. */
export const mebibytes = (value) => (absent(value) ? ABSENT : (value / MIB).toFixed(value < 10 * MIB ? 1 : 0));

/** Percent without the sign: the column header names it. */
export const percent = (value) => (absent(value) ? ABSENT : value.toFixed(value > 0 && value < 9.95 ? 1 : 0));

export const count = (value) => (absent(value) ? ABSENT : value.toLocaleString("en"));

const TIME_UNITS = [[86400, "d", 3600, "h"], [3600, "h", 60, "m"], [60, "m", 1, "s"]];

/** "0.4 s", "12 s", "3 m 20 s", "2 h 4 m", "2 d 4 h" @param {number|null} seconds */
export function duration(seconds) {
  if (absent(seconds)) return ABSENT;
  const s = Math.max(0, seconds);
  const [large, word, small, smallWord] = TIME_UNITS.find(([size]) => s >= size) ?? [];
  if (large) return `${Math.floor(s / large)} ${word} ${Math.floor((s % large) / small)} ${smallWord}`;
  return `${s < 1 ? Math.floor(s * 10) / 10 : Math.floor(s)} s`;
}

/** "14:03:07", local time @param {number|null} at seconds since the epoch */
export function clock(at) {
  if (absent(at)) return ABSENT;
  return new Date(at * 1000).toLocaleTimeString("en-GB");
}

/** "−9", "0" @param {number|null} code */
export const exitcode = (code) => (absent(code) ? ABSENT : String(code).replace("-", "−"));

/** Return the seconds from the start to now, or to the exit. @param {object} process @param {number} now */
export function uptime(process, now) {
  if (absent(process.start_time)) return null;
  return (process.alive ? now : process.exited_at ?? now) - process.start_time;
}

const STATES = {
  created: ["○", "dim", "waiting"],
  starting: ["◌", "cool", "waiting"],
  running: ["●", "ok", "running"],
  suspended: ["‖", "dim", "suspended"],
  stopping: ["◔", "cool", "stopping"],
  exited: ["◍", "dim", "ended"],
  joined: ["✓", "dim", "ended"],
  closed: ["✓", "dim", "ended"],
  backoff: ["↻", "cool", "waiting"],
  fatal: ["✕", "bad", "failed"],
  lost: ["?", "bad", "failed"],
};
const DEAD = new Set(["exited", "joined", "closed", "fatal", "lost"]);
const STUCKABLE = new Set(["starting", "running", "suspended"]);

/**
 * Return a state as icon, word and tone.  Stuck overrides running; a failed process keeps its state and gets a cross.
 * @param {object} process
 * @returns {{word: string, icon: string, tone: "ok"|"warn"|"bad"|"cool"|"dim", dim: boolean, group: string}}
 */
export function stateOf(process) {
  const [icon, tone, group] = STATES[process.state] ?? ["?", "dim", "waiting"];
  const dim = DEAD.has(process.state);
  if (dim && process.failed) return { word: process.state, icon: "✕", tone: "bad", dim, group: "failed" };
  if (process.stuck && STUCKABLE.has(process.state))
    return { word: "stuck", icon: "▲", tone: "warn", dim: false, group: "stuck" };
  return { word: process.state, icon, tone, dim, group };
}

/** Return the text with a capital letter and a full stop. @param {string} text */
export function sentence(text) {
  const trimmed = text.trim();
  if (!trimmed) return "";
  const start = /^[a-z]+[\s,:]/.test(trimmed) ? capitalized(trimmed) : trimmed;
  return /[.!?…]$/.test(start) ? start : `${start}.`;
}

/** @param {string} text */
export const capitalized = (text) => text[0].toUpperCase() + text.slice(1);

/** "1 worker", "1,131 workers", "2 processes" @param {number} n @param {string} word */
export const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : word.endsWith("s") ? "es" : "s"}`;
