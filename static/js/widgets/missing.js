/** Says that a record does not exist.  A new record may arrive with the next delta only, so it waits a moment. */

import { part, setAttr } from "../dom/dom.js";
import { store } from "../state/store.js";

const PATIENCE_MS = 2500;

/** @param {HTMLElement} root with the parts `missing` and `journal` @returns {(id: string, record: object|undefined) => boolean} whether the record is missing for good */
export function mountMissing(root) {
  let since = null;
  let last = null;
  return (id, record) => {
    if (record || last !== id) since = null;
    last = id;
    since ??= performance.now();
    const missing = !record && store.seq !== null && performance.now() - since >= PATIENCE_MS;
    part(root, "missing").hidden = !missing;
    setAttr(part(root, "journal"), "href", `/events?process=${encodeURIComponent(id)}`);
    return missing;
  };
}
