/**
 * The only importer of Socket.IO.  Passes every message on.  After each (re)connection the server sends a fresh snapshot,
 * so nothing is replayed.
 */

import { io } from "socket.io-client";

/** The library does not retry after a refusal. */
const RETRY_MS = 5000;

/** @type {import("socket.io-client").Socket|null} */
let socket = null;
/** @type {Map<string, Set<Function>>} */
const watched = new Map();

/**
 * Connect.  `handlers`: snapshot, delta; away (the supervisor is gone), down (the connection is gone), refused (the
 * server rejects this client, with the reason).
 * @param {Record<string, Function>} handlers
 */
export function connect(handlers) {
  socket = io({ transports: ["websocket", "polling"], reconnectionDelay: 250, reconnectionDelayMax: 2000 });
  socket.on("snapshot", handlers.snapshot);
  socket.on("delta", handlers.delta);
  socket.on("supervisor_away", handlers.away);
  socket.on("disconnect", (reason) => {
    handlers.down();
    if (reason === "io server disconnect") socket.connect();
  });
  socket.on("connect_error", (error) => {
    handlers.down();
    if (socket.active) return;
    handlers.refused(error.message);
    setTimeout(() => socket.connect(), RETRY_MS);
  });
  socket.on("connect", () => { for (const topic of watched.keys()) socket.emit("watch", { topic }); });
  socket.on("log", (message) => { for (const fn of watched.get(`log:${message.id}`) ?? []) fn(message); });
}

/** Request a fresh snapshot. */
export const resync = () => socket?.emit("resync");

/** Subscribe to a topic such as `log:ID`, across reconnections. @param {string} topic @param {(message: object) => void} fn */
export function watch(topic, fn) {
  if (!watched.has(topic)) watched.set(topic, new Set());
  watched.get(topic).add(fn);
  if (socket?.connected) socket.emit("watch", { topic });
}

/** Unsubscribe. @param {string} topic @param {Function} fn */
export function unwatch(topic, fn) {
  const fns = watched.get(topic);
  if (!fns) return;
  fns.delete(fn);
  if (fns.size) return;
  watched.delete(topic);
  if (socket?.connected) socket.emit("unwatch", { topic });
}
