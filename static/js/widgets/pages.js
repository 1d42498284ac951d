/** The pages of pools and of programs: open while the address names them, rendered with the store and every second. */

import { fill, framed, part } from "../dom/dom.js";
import { Keyed, mountRowClicks } from "../dom/rows.js";
import { onRoute } from "../state/router.js";
import { store } from "../state/store.js";
import { mountMissing } from "./missing.js";

const TICK_MS = 1000;

/**
 * Mount the list of all records of a kind, newest first, at /pools or /programs.
 * @param {"pool"|"program"} kind
 * @param {{update: (row: HTMLElement, cells: Record<string, HTMLElement>, record: object) => void,
 *   changed: (change: import("../state/changes.js").Change) => any, empty?: () => void}} options `empty`: called while there is none
 * @returns {() => void} renders it in the next frame
 */
export function mountList(kind, { update, changed, empty = () => {} }) {
  const root = document.getElementById(`${kind}s`);
  const rows = new Keyed(part(root, "rows"), kind, { key: ({ id }) => id, update });
  const show = () => {
    const records = [...store[`${kind}s`].values()].toReversed();
    const none = store.seq !== null && !records.length;
    rows.show(records);
    part(root, "table").hidden = !records.length;
    part(root, "empty").hidden = !none;
    if (none) empty();
  };
  const render = framed(() => root.hidden || show());
  mountRowClicks(part(root, "rows"));
  onRoute((route) => {
    root.hidden = route.page !== `${kind}s` || Boolean(route[kind]);
    if (!root.hidden) show();
  });
  store.subscribe((change) => (change.reset || change.removed.size || changed(change)) && render());
  setInterval(render, TICK_MS);
  return render;
}

/**
 * Mount the page of one record, at /pools/ID or /programs/ID, with the panel beside it.
 * @param {"pool"|"program"} kind
 * @param {{show: (record: object) => void, changed: (change: import("../state/changes.js").Change, id: string) => any,
 *   panel: import("./sidepanel.js").SidePanel, switched?: (id: string|null) => void}} options `switched`: to another record, or to none
 * @returns {() => void} renders it in the next frame
 */
export function mountPage(kind, { show, changed, panel, switched = () => {} }) {
  const root = document.getElementById(kind);
  const missing = mountMissing(root);
  let id = null;
  const update = () => {
    const record = store[`${kind}s`].get(id);
    part(root, "body").hidden = part(root, "known").hidden = !record;
    const gone = missing(id, record);
    if (!record) return void fill(part(root, "head"), { name: gone ? id : "" });
    show(record);
    panel.show(record);
  };
  const render = framed(() => id && update());
  onRoute((route) => {
    const before = id;
    id = route[kind];
    root.hidden = !id;
    panel.follow(id, route.params);
    if (before !== id) {
      part(root, "scroll").scrollTop = 0;
      switched(id);
    }
    if (id) update();
  });
  store.subscribe((change) => id && (change.reset || change.status || changed(change, id)) && render());
  setInterval(() => document.hidden || render(), TICK_MS);
  return render;
}
