/**
 * Applies verbs to processes.  Destructive ones ask for confirmation; a toast shows the result.  Each request carries the
 * pid that was shown, so that a process that was restarted in the meantime is not affected (409).
 */

import { get, LIMITS, post } from "../state/api.js";
import { confirm } from "../widgets/confirm.js";
import { signalDescendant } from "./descendants.js";
import { clock, exitcode, plural, sentence } from "../words/format.js";
import { processWithPid } from "../words/pids.js";
import { effectOf, VERBS, VIEW_ONLY } from "../words/verbs.js";
import { detailHref, go, route } from "../state/router.js";
import { store } from "../state/store.js";
import { attempt, toast } from "../widgets/toasts.js";

const JOIN_S = 20;
const RUNS = new Set(["starting", "running", "suspended", "stopping", "backoff"]);

/**
 * Apply `verb` to processes or to one descendant; `anchor` (element or pointer event) is where a confirmation appears.
 * @param {string} verb @param {string[]|string} ids @param {any} anchor @returns {Promise<void>}
 */
export async function act(verb, ids, anchor = null) {
  const wanted = [ids].flat();
  const processes = wanted.map((id) => store.processes.get(id)).filter(Boolean);
  if (verb === "stack" && processes.length) return go(detailHref(processes[0].id, "stack"));
  if (store.role === "viewer") return void toast({ title: VIEW_ONLY, tone: "note" });
  if (processes.length > 1) return many(verb, processes, anchor);
  if (processes.length) return one(verb, processes[0], anchor);
  if (store.descendants.has(wanted[0])) return signalDescendant(wanted[0], verb, anchor);
}

/** "pid 48230 · started 14:03:11" @param {object} record */
export const identity = ({ pid, start_time: at, state }) =>
  pid === null || pid === undefined ? `no pid · ${state}` : `pid ${pid} · started ${clock(at)}`;

async function one(verb, process, anchor) {
  const { id, pid, name } = process;
  if (VERBS[verb].confirmed && RUNS.has(process.state) && !(await confirm(question(verb, process, anchor)))) return;
  await attempt(`Could not ${verb} ${name}.`, async () => {
    if (verb === "join") return joined(name, id, await post(`/api/v1/processes/${id}/join`, { timeout_s: JOIN_S }));
    await post(`/api/v1/processes/${id}/${verb}`, pid === null ? {} : { pid });
    toast({ title: name, text: `${VERBS[verb].done}.`, link: linkToDetail(id) });
  });
}

function joined(name, id, { joined: ended, exitcode: code }) {
  const text = ended ? `joined with exit code ${exitcode(code)}.` : `still running after ${JOIN_S} s; join timed out.`;
  toast({ title: name, text, tone: ended ? "ok" : "note", link: linkToDetail(id) });
}

/** A link to the process, unless it is open already. */
const linkToDetail = (id) => (route().id === id ? null : { href: detailHref(id), text: "Open" });

function question(verb, process, anchor) {
  const { label } = VERBS[verb];
  const asked = verb === "kill" ? "kill" : "terminate";
  const more = process.pid === null ? null : get(`/api/v1/processes/${process.id}/consequences?verb=${asked}`).then(consequences(verb), unknown);
  return { title: `${label} ${process.name}?`, who: identity(process), text: effectOf(verb, process), label, more, anchor };
}

/** The text of the server replaces ours, except for a restart, of which the server only knows the first half. */
const consequences = (verb) => ({ text, descendants }) => ({
  text: verb === "restart" ? null : sentence(text),
  affected: descendants.length ? `Also ${verb === "kill" ? "kills" : "ends"} ${plural(descendants.length, "child process")}:` : "No other process is affected.",
  list: descendants.map(({ pid, name }) => `${pid} ${processWithPid(pid)?.name ?? name}`),
});
const unknown = (error) => ({ text: null, affected: `Affected processes unknown: ${error.detail ?? error.message}`, list: [] });

async function many(verb, processes, anchor) {
  if (VERBS[verb].confirmed && !(await confirm(questionForMany(verb, processes, anchor)))) return;
  await attempt(`Could not ${verb} ${plural(processes.length, "process")}.`, async () => {
    reportMany(await requestMany(verb, processes.map(({ id }) => id)), verb);
  });
}

async function requestMany(verb, ids) {
  const { results } = await post("/api/v1/actions", { verb, ids: ids.slice(0, LIMITS.MAX_IDS) });
  return ids.length > LIMITS.MAX_IDS ? [...results, ...await requestMany(verb, ids.slice(LIMITS.MAX_IDS))] : results;
}

function questionForMany(verb, processes, anchor) {
  const below = processes.reduce((sum, one) => sum + one.descendants, 0);
  return {
    title: `${VERBS[verb].label} ${plural(processes.length, "process")}?`,
    who: below ? `and ${plural(below, "child process")}` : "", text: effectOf(verb, processes[0]), anchor,
    label: `${VERBS[verb].label} ${processes.length}`, list: processes.map((one) => `${one.name} · ${one.pid ?? one.state}`),
  };
}

function reportMany(results, verb) {
  const refused = results.filter((result) => result.status >= 400);
  const good = results.length - refused.length;
  if (good) toast({ title: `${good} of ${results.length}`, text: `${VERBS[verb].done}.` });
  if (!refused.length) return;
  const why = refused.slice(0, 3).map((result) => `${store.processes.get(result.id)?.name ?? result.id}: ${result.detail}`);
  toast({ title: `Could not ${verb} ${plural(refused.length, "process")}.`, text: why.join(" · "), tone: "bad" });
}
