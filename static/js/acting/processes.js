/**
 * Doing things to processes.  What destroys asks first, what does not is done at once; a toast tells the result.
 * Every request names the pid that the person saw, so that a process which changed meanwhile is left alone (409).
 */

import { get, post } from "../state/api.js";
import { confirm } from "../widgets/confirm.js";
import { endDescendant } from "./descendants.js";
import { plural, sentence } from "../words/finding.js";
import { clock, exitcode } from "../words/format.js";
import { whoIs } from "../words/pids.js";
import { price, VERBS, whyNot } from "../words/verbs.js";
import { detailHref, go, route } from "../state/router.js";
import { store } from "../state/store.js";
import { complain, toast } from "../widgets/toasts.js";

const JOIN_S = 20;
const AT_ONCE = 1000; // no more ids are taken by one request
const RUNS = new Set(["starting", "running", "suspended", "stopping", "backoff"]);

/**
 * Do `verb` to processes, or to one descendant; `anchor` (element or pointer event) is where a question appears.
 * @param {string} verb @param {string[]|string} ids @param {any} anchor @returns {Promise<void>}
 */
export async function act(verb, ids, anchor = null) {
  const wanted = [ids].flat();
  const processes = wanted.map((id) => store.processes.get(id)).filter(Boolean);
  if (verb === "stack" && processes.length) return go(detailHref(processes[0].id, "stack"));
  if (store.role === "viewer") return void toast({ title: "Nothing was done.", text: whyNot(verb, {}, "viewer"), tone: "note" });
  if (processes.length > 1) return many(verb, processes, anchor);
  if (processes.length) return one(verb, processes[0], anchor);
  if (store.descendants.has(wanted[0])) return endDescendant(wanted[0], verb, anchor);
}

/** "pid 48230 · started 14:03:11" @param {object} record */
export const identity = ({ pid, start_time: at, state }) =>
  pid === null || pid === undefined ? `no pid · ${state}` : `pid ${pid} · started ${clock(at)}`;

async function one(verb, process, anchor) {
  const { id, pid, name } = process;
  if (VERBS[verb].destroys && RUNS.has(process.state) && !(await confirm(question(verb, process, anchor)))) return;
  try {
    if (verb === "join") return joined(name, id, await post(`/api/v1/processes/${id}/join`, { timeout_s: JOIN_S }));
    await post(`/api/v1/processes/${id}/${verb}`, pid === null ? {} : { pid });
    toast({ title: name, text: `${VERBS[verb].done}.`, link: linkTo(id) });
  } catch (error) {
    complain(`${name}: ${verb} was refused.`, error);
  }
}

function joined(name, id, { joined: ended, exitcode: code }) {
  const text = ended ? `was joined: exit code ${exitcode(code)}.` : `still runs after ${JOIN_S} s; join gave up, nothing else changed.`;
  toast({ title: name, text, tone: ended ? "ok" : "note", link: linkTo(id) });
}

/** A way to what was done, unless it is open already. */
const linkTo = (id) => (route().id === id ? null : { href: detailHref(id), text: "Open" });

function question(verb, process, anchor) {
  const { label } = VERBS[verb];
  const asked = verb === "kill" ? "kill" : "terminate";
  const more = process.pid === null ? null : get(`/api/v1/processes/${process.id}/consequences?verb=${asked}`).then(consequences(verb), unknown);
  return { title: `${label} ${process.name}?`, who: identity(process), text: price(verb, process), label, more, anchor };
}

/** The server's own words replace ours for the verbs that they are about. */
const consequences = (verb) => ({ text, descendants }) => ({
  text: verb === "restart" ? null : sentence(text),
  along: descendants.length ? `${plural(descendants.length, "descendant")} ${descendants.length === 1 ? "goes" : "go"} along:` : "Nothing else goes along.",
  list: descendants.map(({ pid, name }) => `${pid} ${whoIs(pid)?.name ?? name}`),
});
const unknown = (error) => ({ text: null, along: `What goes along is not known: ${error.detail ?? error.message}`, list: [] });

async function many(verb, processes, anchor) {
  const { many: done, destroys } = VERBS[verb];
  if (destroys && !(await confirm(questionForMany(verb, processes, anchor)))) return;
  try {
    tellMany(await manyRequests(verb, processes.map(({ id }) => id)), done, verb);
  } catch (error) {
    complain(`${VERBS[verb].label} was refused.`, error);
  }
}

async function manyRequests(verb, ids) {
  const { results } = await post("/api/v1/actions", { verb, ids: ids.slice(0, AT_ONCE) });
  return ids.length > AT_ONCE ? [...results, ...await manyRequests(verb, ids.slice(AT_ONCE))] : results;
}

function questionForMany(verb, processes, anchor) {
  const below = processes.reduce((sum, one) => sum + one.descendants, 0);
  return {
    title: `${VERBS[verb].label} ${processes.length} processes?`,
    who: below ? `with their ${plural(below, "descendant")}` : "", text: price(verb, processes[0]), anchor,
    label: `${VERBS[verb].label} ${processes.length}`, list: processes.map((one) => `${one.name} · ${one.pid ?? one.state}`),
  };
}

function tellMany(results, done, verb) {
  const refused = results.filter((result) => result.status >= 400);
  const good = results.length - refused.length;
  if (good) toast({ title: `${good} of ${results.length}`, text: `${done}.` });
  if (!refused.length) return;
  const why = refused.slice(0, 3).map((result) => `${store.processes.get(result.id)?.name ?? result.id}: ${result.detail}`);
  toast({ title: `${refused.length} refused to ${verb}.`, text: why.join(" · "), tone: "bad" });
}
