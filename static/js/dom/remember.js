/** The values last typed for each workload, kept in this browser. */

const PREFIX = "launch:";

/** @param {string} name @returns {object} */
export function recall(name) {
  try {
    const kept = JSON.parse(localStorage.getItem(PREFIX + name));
    return kept !== null && typeof kept === "object" ? kept : {};
  } catch {
    return {};
  }
}

/** @param {string} name @param {object} values */
export function remember(name, values) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(values));
  } catch {
    // Without storage only the last values are forgotten.
  }
}
