/** What a request may carry at most, as the server checks it: `app/records/limits.py`.  The page comes with it. */

/** @type {Record<string, number>} */
export const LIMITS = JSON.parse(document.documentElement.dataset.limits);
