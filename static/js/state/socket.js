/**
 * The only importer of Socket.IO.  Hands every message on; after each (re)connection the server sends a fresh
 * snapshot by itself, so nothing is ever replayed here.
 */

import { io } from "/static/lib/socket.io.esm.min.js";

/** After a refusal the library does not try again by itself. */
const AGAIN_MS = 5000;

/** @type {import("socket.io-client").Socket|null} */
let socket = null;
/** @type {Map<string, Set<Function>>} */
const watched = new Map();

/**
 * Connect.  `handlers`: snapshot, delta; away (the supervisor is gone), down (the connection is gone), refused (the
 * server does not want us: it says why).
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
    setTimeout(() => socket.connect(), AGAIN_MS);
  });
  socket.on("connect", () => { for (const topic of watched.keys()) socket.emit("watch", { topic }); });
  socket.on("log", (message) => { for (const fn of watched.get(`log:${message.id}`) ?? []) fn(message); });
}

/** Ask for a fresh snapshot. */
export const resync = () => socket?.emit("resync");

/** Follow a topic such as `log:ID`, over reconnections too. @param {string} topic @param {(message: object) => void} fn */
export function watch(topic, fn) {
  if (!watched.has(topic)) watched.set(topic, new Set());
  watched.get(topic).add(fn);
  if (socket?.connected) socket.emit("watch", { topic });
}

/** Stop following; without `fn` everybody stops. @param {string} topic @param {Function} [fn] */
export function unwatch(topic, fn) {
  const fns = watched.get(topic);
  if (!fns) return;
  fn ? fns.delete(fn) : fns.clear();
  if (fns.size) return;
  watched.delete(topic);
  if (socket?.connected) socket.emit("unwatch", { topic });
}
