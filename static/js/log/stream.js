/**
 * The text of a log without gaps or duplicates: first the end of the file, then the messages of the socket.  A gap, or
 * what was missed during a disconnection, is fetched.  Offsets count the bytes ever written.
 */

import { get } from "../state/api.js";
import { unwatch, watch } from "../state/socket.js";
import { store } from "../state/store.js";

const FIRST = 256 * 1024;
const PIECE = 1024 * 1024;
const MOST_PIECES = 64;

/**
 * @param {string} id @param {{text: (text: string) => void, skipped: (bytes: number) => void, failed: (error: any) => void}} to
 * @returns {() => void} stop
 */
export function follow(id, to) {
  const topic = `log:${id}`;
  let next = -1;
  let busy = null;
  let again = false;
  const show = (from, text, until) => {
    if (from > next && next >= 0) to.skipped(from - next);
    next = until;
    if (text) to.text(text);
  };
  const load = async () => {
    const from = next < 0 ? -FIRST : next;
    const piece = await get(`/api/v1/processes/${id}/log?offset=${from}&limit=${FIRST}`);
    if (next < 0 && piece.offset > 0) to.skipped(piece.offset);
    show(piece.offset, piece.text, piece.next);
    return piece.next < piece.size && piece.text;
  };
  const fetchRest = () => {
    again = true;
    busy ??= (async () => {
      while (again) {
        again = false;
        again = Boolean(await load()) || again;
      }
    })().catch(to.failed).finally(() => { busy = null; });
  };
  const live = (message) => {
    const until = message.next ?? message.offset + new TextEncoder().encode(message.text).length;
    if (busy || message.offset !== next) return void (until > next && fetchRest());
    show(message.offset, message.text, until);
  };
  watch(topic, live);
  const stop = store.subscribe(({ reset }) => reset && fetchRest());
  fetchRest();
  return () => { unwatch(topic, live); stop(); };
}

/** Fetch the whole log, as far as the server has it. @param {string} id @returns {Promise<Blob>} */
export async function whole(id) {
  const parts = [];
  let offset = 0;
  for (let turn = 0; turn < MOST_PIECES; turn += 1) {
    const piece = await get(`/api/v1/processes/${id}/log?offset=${offset}&limit=${PIECE}`);
    parts.push(piece.text);
    offset = piece.next;
    if (!piece.text || piece.next >= piece.size) break;
  }
  return new Blob(parts, { type: "text/plain;charset=utf-8" });
}
