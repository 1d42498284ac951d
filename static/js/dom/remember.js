/** Values kept in this browser. */

/** @param {string} name @returns {object} empty if there is none */
export function recall(name) {
  try {
    const kept = JSON.parse(localStorage.getItem(name));
    return kept !== null && typeof kept === "object" ? kept : {};
  } catch {
    return {};
  }
}

/** @param {string} name @param {object} values */
export function remember(name, values) {
  try {
    localStorage.setItem(name, JSON.stringify(values));
  } catch {
    // Without storage the values are only forgotten.
  }
}
