/** What a graph is like: what hangs together, what goes round in a circle, how far it is to an end.  Pure. */

/** The keys that hang together. @param {Iterable<string>} keys @param {Line[]} lines @returns {string[][]} */
export function families(keys, lines) {
  const next = new Map([...keys].map((key) => [key, []]));
  for (const { from, to } of lines) { next.get(from).push(to); next.get(to).push(from); }
  const seen = new Set();
  const walk = (start) => {
    const family = [];
    const todo = [start];
    while (todo.length) {
      const key = todo.pop();
      if (seen.has(key)) continue;
      seen.add(key);
      family.push(key);
      todo.push(...next.get(key));
    }
    return family;
  };
  return [...next.keys()].filter((key) => !seen.has(key)).map(walk).filter((family) => family.length);
}

/** A way that comes back to where it began, or undefined. @param {string[]} family @param {import("./graph.js").Line[]} lines @returns {string[]|undefined} */
export function circle(family, lines) {
  const out = Map.groupBy(lines, ({ from }) => from);
  const done = new Set();
  const visit = (key, path) => {
    if (path.includes(key)) return path.slice(path.indexOf(key));
    if (done.has(key)) return undefined;
    done.add(key);
    for (const { to } of out.get(key) ?? []) {
      const found = visit(to, [...path, key]);
      if (found) return found;
    }
    return undefined;
  };
  for (const key of family) {
    const found = visit(key, []);
    if (found) return found;
  }
  return undefined;
}

/** How far each is from an end; there must be no circle. @param {string[]} family @param {Map<string, {to: string}[]>} out */
export function depths(family, out) {
  const depth = new Map();
  const visit = (key) => {
    if (!depth.has(key)) depth.set(key, Math.max(0, ...(out.get(key) ?? []).map(({ to }) => visit(to) + 1)));
    return depth.get(key);
  };
  family.forEach(visit);
  return depth;
}
