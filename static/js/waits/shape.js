/** The structure of a graph: components, cycles, depths.  Pure. */

/** Return the connected components. @param {Iterable<string>} keys @param {import("./graph.js").Line[]} lines @returns {string[][]} */
export function components(keys, lines) {
  const next = new Map([...keys].map((key) => [key, []]));
  for (const { from, to } of lines) { next.get(from).push(to); next.get(to).push(from); }
  const seen = new Set();
  const walk = (start) => {
    const component = [];
    const todo = [start];
    while (todo.length) {
      const key = todo.pop();
      if (seen.has(key)) continue;
      seen.add(key);
      component.push(key);
      todo.push(...next.get(key));
    }
    return component;
  };
  return [...next.keys()].map(walk).filter(({ length }) => length);
}

/** Return a cycle, or undefined. @param {string[]} component @param {import("./graph.js").Line[]} lines @returns {string[]|undefined} */
export function findCycle(component, lines) {
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
  for (const key of component) {
    const found = visit(key, []);
    if (found) return found;
  }
  return undefined;
}

/** Return the distance of each key from an end; there must be no cycle. @param {string[]} component @param {Map<string, {to: string}[]>} out */
export function depths(component, out) {
  const depth = new Map();
  const visit = (key) => {
    if (!depth.has(key)) depth.set(key, Math.max(0, ...(out.get(key) ?? []).map(({ to }) => visit(to) + 1)));
    return depth.get(key);
  };
  component.forEach(visit);
  return depth;
}
