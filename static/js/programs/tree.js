/** The processes of a program as a tree: each below the one that called start(), as far as known. */

import { processesOf } from "../words/programs.js";
import { store } from "../state/store.js";

/**
 * @typedef {{key: string, kind: "process"|"descendant", record: object, depth: number}} Member
 * @param {string} program @returns {Member[]} depth first
 */
export function processTree(program) {
  const own = processesOf(program);
  const ids = new Set(own.map(({ id }) => id));
  const below = [...store.descendants.values()].filter(({ root }) => ids.has(root)).sort((a, b) => a.pid - b.pid);
  const members = [...own.map((record) => ({ key: record.id, kind: "process", record })), ...below.map((record) => ({ key: record.id, kind: "descendant", record }))];
  const byPid = new Map(members.map((member) => [member.record.pid, member]));
  const byKey = new Map(members.map((member) => [member.key, member]));
  const parent = (member) => {
    const { started_by: starter, ppid, id, root } = member.record;
    if (id === program) return null;
    const above = [byPid.get(starter), byPid.get(ppid), byKey.get(root ?? program)];
    return above.find((one) => one && one !== member) ?? null;
  };
  const children = Map.groupBy(members, parent);
  const seen = new Set();
  const walk = (above, depth) => (children.get(above) ?? []).filter((one) => !seen.has(one)).flatMap((one) => {
    seen.add(one);
    return [{ ...one, depth }, ...walk(one, depth + 1)];
  });
  const tree = walk(null, 0);
  return [...tree, ...members.filter((one) => !seen.has(one)).map((one) => ({ ...one, depth: 0 }))]; // reused pids can make the parents a cycle
}
