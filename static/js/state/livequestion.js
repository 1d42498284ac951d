/** Keeps an open confirmation about a pool current: updated with every change of the pool, and every second. */

import { store } from "./store.js";

const TICK_MS = 1000;

/**
 * Return the `follow` of `confirm`.
 * @param {string} id of the pool @param {() => {text: string, news?: string, possible?: boolean}} state what the dialog says now
 */
export const whileChanging = (id, state) => (show) => {
  const update = () => show(state());
  const stop = store.subscribe(({ pools, removed, reset, status }) => {
    if (reset || status || pools.has(id) || removed.has(id)) update();
  });
  const ticking = setInterval(update, TICK_MS);
  return () => {
    stop();
    clearInterval(ticking);
  };
};

/** A warning while the connection is lost, else "". */
export const disconnectedNote = () => (store.connected ? "" : "Disconnected: these are the last known values.");
