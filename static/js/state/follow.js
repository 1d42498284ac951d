/** What an open question about a pool says stays true: told anew with every change of the pool, and every second. */

import { store } from "./store.js";

const TICK_MS = 1000;

/**
 * As `confirm` wants it.
 * @param {string} id of the pool @param {() => {text: string, news?: string, possible?: boolean}} tell what is so now
 */
export const following = (id, tell) => (show) => {
  const again = () => show(tell());
  const stop = store.subscribe(({ pools, removed, reset, status }) => {
    if (reset || status || pools.has(id) || removed.has(id)) again();
  });
  const ticking = setInterval(again, TICK_MS);
  return () => {
    stop();
    clearInterval(ticking);
  };
};

/** What is to be said where nothing is heard any more. */
export const unheard = () => (store.connected ? "" : "The connection is lost: this is how it was then.");
