/**
 * What changed, as the store tells the views.  `status`: host, supervisor, connection or role.
 *
 * @typedef {{processes: Set<string>, descendants: Set<string>, pools: Set<string>, programs: Set<string>, resources: Set<string>,
 *   removed: Set<string>, events: object[], waits: boolean, reset: boolean, status: boolean}} Change
 */

const EMPTY = Object.freeze(new Set());
const NOTHING = {
  processes: EMPTY, descendants: EMPTY, pools: EMPTY, programs: EMPTY, resources: EMPTY, removed: EMPTY,
  events: [], waits: false, reset: false, status: false,
};

/** An empty wait graph. */
export const NO_WAITS = Object.freeze({ edges: [], cycles: [], findings: [], notes: [] });

/** @param {Partial<Change>} parts @returns {Change} */
export const change = (parts) => ({ ...NOTHING, ...parts });

/** Index records by id. @param {object[]} records @returns {Map<string, object>} */
export const byId = (records) => new Map(records.map((record) => [record.id, record]));

/**
 * Apply patches to records, in place; the patch of a new id has all fields.
 * @param {Map<string, object>} records @param {object[]} patches @returns {Set<string>} the ids
 */
export function merge(records, patches = []) {
  for (const patch of patches) {
    const record = records.get(patch.id) ?? {};
    records.set(patch.id, Object.assign(record, patch, rowsOf(record, patch)));
  }
  return new Set(patches.map((patch) => patch.id));
}

/** The lists of a pool whose patches have only the changed rows, and the order if it changed; with the key of a row. */
const ROWS = { workers: "pid", jobs: "id" };

function rowsOf(record, patch) {
  const patched = Object.entries(ROWS).filter(([name]) => patch[name]?.changed);
  return Object.fromEntries(patched.map(([name, key]) => [name, patchRows(record[name], patch[name], key)]));
}

/** Return the patched list.  A changed row is a new object: a view that holds the old one keeps it unchanged. */
function patchRows(before, { changed, order }, key) {
  const rows = new Map(before.map((row) => [row[key], row]));
  for (const row of changed) rows.set(row[key], { ...rows.get(row[key]), ...row });
  return order ? order.map((id) => rows.get(id)) : [...rows.values()];
}
