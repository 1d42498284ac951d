/** Links to processes and to resources in the panel of a resource. */

import { hrefOf, isDead, nameOf } from "../words/pids.js";
import { partName } from "../words/names.js";
import { programHref } from "../state/router.js";
import { store } from "../state/store.js";
import { element } from "../dom/template.js";

/** What it is made of: links, made once. */
export function showParts(place, ids) {
  if (place.dataset.stand === ids.join()) return;
  place.dataset.stand = ids.join();
  place.replaceChildren(...ids.flatMap((id, at) => {
    const one = store.resources.get(id);
    const made = element(one ? "a" : "span", "", one ? partName(one) : id);
    if (one) made.href = programHref(one.program, { resource: id });
    return at ? [", ", made] : [made];
  }));
}

/** A name with its pid, as a link where it is known. */
export function showPerson(place, pid) {
  const name = nameOf(pid);
  const text = name.startsWith("pid ") ? name : `${name} ${pid}`;
  const stand = `${text} ${isDead(pid)} ${hrefOf(pid)}`;
  if (place.dataset.stand === stand) return;
  place.dataset.stand = stand;
  const href = hrefOf(pid);
  const made = element(href ? "a" : "span", "", text);
  if (href) made.href = href;
  place.replaceChildren(made, isDead(pid) ? " (ended)" : "");
}
