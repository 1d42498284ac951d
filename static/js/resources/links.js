/** Links to processes and resources in the panel of a resource. */

import { hasExited, hrefOf, nameOf } from "../words/pids.js";
import { linkTo, setChildren } from "../dom/dom.js";
import { programHref } from "../state/router.js";
import { store } from "../state/store.js";

/** @param {HTMLElement} place @param {string[]} ids of resources */
export function showPartLinks(place, ids) {
  setChildren(place, JSON.stringify(ids), () => ids.flatMap((id, at) => {
    const one = store.resources.get(id);
    const link = linkTo(one ? one.title : id, one ? programHref(one.program, { resource: id }) : null);
    return at ? [", ", link] : [link];
  }));
}

/** @param {HTMLElement} place @param {number} pid */
export function showProcessLink(place, pid) {
  const name = nameOf(pid);
  const text = name.startsWith("pid ") ? name : `${name} ${pid}`;
  setChildren(place, JSON.stringify([text, hasExited(pid), hrefOf(pid)]), () => [linkTo(text, hrefOf(pid)), hasExited(pid) ? " (exited)" : ""]);
}
