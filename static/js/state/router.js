/**
 * The address is the state of the page: what is open, how the list is filtered, sorted and laid out.
 *
 *   /                    the list; ?q=text &state=stuck &sort=-cpu &view=tree
 *   /processes/ID        the detail beside the list; ?tab=overview|log|stack|timeline|descendants|inspect
 *   /launch              the launch dialog over the list; ?workload=NAME picks the card
 *   /events              the journal
 *   /pools               the pools
 *   /pools/ID            one pool; ?job=N, ?worker=PID (&stack=1) or ?submit=1 opens a panel beside it
 *   /programs            the programs
 *   /programs/ID         one program; ?resource=ID or ?log=1 opens a panel beside it
 *
 * @typedef {{page: "processes"|"events"|"pools"|"programs", id: string|null, pool: string|null, program: string|null, launch: boolean,
 *   params: URLSearchParams}} Route
 */

const LIST = ["q", "state", "sort", "view"];
const listeners = new Set();

/** @returns {Route} the current route */
export function route() {
  const { pathname, search } = location;
  const [, page, opened] = /^\/(processes|pools|programs)\/([^/]+)\/?$/.exec(pathname) ?? [];
  const id = opened ? decodeURIComponent(opened) : null;
  return {
    page: /^\/(events|pools|programs)/.exec(pathname)?.[1] ?? "processes",
    id: page === "processes" ? id : null,
    pool: page === "pools" ? id : null,
    program: page === "programs" ? id : null,
    launch: pathname.startsWith("/launch"),
    params: new URLSearchParams(search),
  };
}

/**
 * Return `path` with the current parameters of the list and `changes` applied (null or "" removes one).
 * @param {string} path @param {Record<string, string|null>} changes
 */
export function href(path, changes = {}) {
  const now = new URLSearchParams(location.search);
  const kept = new URLSearchParams(LIST.filter((name) => now.get(name)).map((name) => [name, now.get(name)]));
  for (const [name, value] of Object.entries(changes)) value ? kept.set(name, value) : kept.delete(name);
  const query = kept.toString();
  return query ? `${path}?${query}` : path;
}

/** Return the address of the detail of a process. @param {string} id @param {string|null} tab */
export const detailHref = (id, tab = null) => href(`/processes/${encodeURIComponent(id)}`, { tab });

/** Return the address of a pool; `open` names its side panel. @param {string} id @param {Record<string, string|number>} open */
export const poolHref = (id, open = {}) => pageHref("pools", id, open);

/** Return the address of a program; `open` names its side panel. @param {string} id @param {Record<string, string|number>} open */
export const programHref = (id, open = {}) => pageHref("programs", id, open);

function pageHref(page, id, open) {
  const query = new URLSearchParams(open).toString();
  return `/${page}/${encodeURIComponent(id)}${query ? `?${query}` : ""}`;
}

/** Go to a path; `replace` adds no entry to the history. @param {string} path @param {{replace?: boolean}} options */
export function go(path, { replace = false } = {}) {
  if (path === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", path);
  announce();
}

/** Call `fn(route)` now, and at every change of the address. */
export function onRoute(fn) {
  listeners.add(fn);
  fn(route());
}

function announce() {
  const now = route();
  for (const fn of listeners) fn(now);
}

/** Let plain clicks on local links change the address without loading a page. */
export function startRouter() {
  addEventListener("popstate", announce);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='/']");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (link.target || link.hasAttribute("download") || link.pathname.startsWith("/api/")) return;
    event.preventDefault();
    go(link.getAttribute("href"));
  });
}
