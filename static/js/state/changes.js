/**
 * What a view is told when something changed.  `status`: host, supervisor, connection or role.
 *
 * @typedef {{processes: Set<string>, descendants: Set<string>, pools: Set<string>, programs: Set<string>, resources: Set<string>,
 *   removed: Set<string>, events: object[], waits: boolean, reset: boolean, status: boolean}} Change
 */

const EMPTY = Object.freeze(new Set());
const NOTHING = {
  processes: EMPTY, descendants: EMPTY, pools: EMPTY, programs: EMPTY, resources: EMPTY, removed: EMPTY,
  events: [], waits: false, reset: false, status: false,
};

/** A graph of waits with nothing in it. */
export const NO_WAITS = Object.freeze({ edges: [], cycles: [], findings: [] });

/** @param {Partial<Change>} parts @returns {Change} */
export const change = (parts) => ({ ...NOTHING, ...parts });

/** Records by id. @param {object[]} records @returns {Map<string, object>} */
export const byId = (records) => new Map(records.map((record) => [record.id, record]));

/**
 * Lay patches over records, in place; a new id comes with all its fields.
 * @param {Map<string, object>} records @param {object[]} patches @returns {Set<string>} the ids
 */
export function merge(records, patches = []) {
  for (const patch of patches) {
    const record = records.get(patch.id) ?? {};
    records.set(patch.id, Object.assign(record, patch, rowsOf(record, patch)));
  }
  return new Set(patches.map((patch) => patch.id));
}

/** Lists of a pool of which only the rows come that changed, and the order where it did; by what a row is known. */
const ROWS = { workers: "pid", jobs: "id" };

function rowsOf(record, patch) {
  const patched = Object.entries(ROWS).filter(([name]) => patch[name]?.changed);
  return Object.fromEntries(patched.map(([name, key]) => [name, lay(record[name], patch[name], key)]));
}

/** The list as it is now.  A row that changed is another object: who holds the one of before keeps it as it was. */
function lay(before, { changed, order }, key) {
  const rows = new Map(before.map((row) => [row[key], row]));
  for (const row of changed) rows.set(row[key], { ...rows.get(row[key]), ...row });
  return order ? order.map((own) => rows.get(own)) : [...rows.values()];
}
