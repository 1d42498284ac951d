/** The kinds of journal events with their icon and tone, as in the badges of the states.  Pure. */

const KINDS = {
  created: ["○", "dim"], started: ["●", "ok"], booted: ["●", "ok"], suspended: ["‖", "dim"], resumed: ["▶", "ok"],
  signal: ["↯", "cool"], stop: ["◔", "cool"], exited: ["◍", "dim"], joined: ["✓", "dim"], closed: ["✓", "dim"],
  restarted: ["↻", "cool"], backoff: ["↻", "cool"], fatal: ["✕", "bad"], lost: ["?", "bad"], orphan: ["?", "warn"],
  pool: ["◇", "dim"], job: ["▸", "dim"], "worker-lost": ["✕", "bad"], "worker-ended": ["◍", "cool"], asked: ["›", "cool"],
  stuck: ["▲", "warn"], unstuck: ["△", "ok"], supervisor: ["◆", "dim"], forkserver: ["◆", "dim"],
};

export const NAMES = Object.keys(KINDS);

/** @param {string} kind @returns {{icon: string, tone: string}} */
export function eventKind(kind) {
  const [icon, tone] = KINDS[kind] ?? ["·", "dim"];
  return { icon, tone };
}
