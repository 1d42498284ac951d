/** Requests to the HTTP API.  An error response is thrown as a `Problem` (RFC 9457). */

/** An error response of the server; status 0 if the server could not be reached. */
class Problem extends Error {
  /** @param {{status: number, title?: string, detail?: string, field?: string}} problem */
  constructor({ status, title = "", detail = "", field = null }) {
    super(detail || title || `HTTP ${status}`);
    Object.assign(this, { name: "Problem", status, title, detail: detail || title, field });
  }
}

/** @param {string} path @returns {Promise<any>} */
export const get = (path) => request("GET", path);

/** @param {string} path @param {object} body @returns {Promise<any>} */
export const post = (path, body = {}) => request("POST", path, body);

async function request(method, path, body) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const sent = { method, headers, credentials: "same-origin", body: body && JSON.stringify(body) };
  const response = await fetch(path, sent).catch((error) => {
    throw new Problem({ status: 0, title: "Procession is not reachable", detail: `Procession is not reachable: ${error.message}` });
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem({ ...answer, status: response.status, title: answer.title || response.statusText });
  return answer;
}

/**
 * What the server knows and the page comes with: what a request may carry at most (`app/records/limits.py`), what each
 * verb does and why it is refused in a state (`app/records/verbs.py`), the names of signals by number, and what a field
 * that is left empty means.
 */
export const { limits: LIMITS, verbs: RULES, signals: SIGNALS, defaults: DEFAULTS } = JSON.parse(document.documentElement.dataset.facts);
