/**
 * Text with links: a known pid leads to its process, the name of a resource to the resource.  A name counts only with its
 * place after it or its kind before it, because many names are common words.
 */

import { hrefOf } from "./pids.js";
import { programHref } from "../state/router.js";
import { store } from "../state/store.js";
import { linkTo } from "../dom/dom.js";

/**
 * @param {string} text @param {string[]} resources ids of those that the text may name
 * @returns {(string|HTMLElement)[]} child nodes
 */
export function linked(text, resources = []) {
  const known = resources.map((id) => store.resources.get(id)).filter(Boolean).map((one) => ({ one, name: one.title, place: one.place, kind: one.kind_label }));
  const names = new Map(known.flatMap(({ one, name, place }) => [[name, one], [`${name} (${place})`, one]]));
  const words = known.flatMap(({ name, place, kind }) => [`${escaped(name)} \\(${escaped(place)}\\)`, `(?<=\\b${kind} )${escaped(name)}(?!\\w)`]);
  const pattern = new RegExp(["(?<![\\w.:-])\\d{2,7}(?![\\w.:-])", ...words].join("|"), "i");
  const pieces = [];
  for (let rest = text; rest;) {
    const found = pattern.exec(rest);
    if (!found) return [...pieces, rest];
    pieces.push(rest.slice(0, found.index), piece(found[0], names.get(found[0])));
    rest = rest.slice(found.index + found[0].length);
  }
  return pieces;
}

function piece(text, resource) {
  const href = resource ? programHref(resource.program, { resource: resource.id }) : hrefOf(Number(text));
  return href ? linkTo(text, href) : text;
}

/** A name is untrusted text. */
const escaped = (text) => text.replace(/[$()*+.?[\\\]^{|}/-]/g, "\\$&");
