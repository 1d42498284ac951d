/** Text with links: pids that we know lead to their process, names of resources to the resource.  A name is known by its place, or by its kind before it: many are common words. */

import { hrefOf } from "./pids.js";
import { called } from "./names.js";
import { kindWord } from "./resources.js";
import { programHref } from "../state/router.js";
import { store } from "../state/store.js";
import { element } from "../dom/template.js";

/**
 * @param {string} text @param {string[]} resources ids of those that it may speak of
 * @returns {(string|HTMLElement)[]} what to put there
 */
export function linked(text, resources = []) {
  const known = resources.map((id) => store.resources.get(id)).filter(Boolean).map((one) => ({ one, ...called(one), kind: kindWord(one) }));
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
  if (!href) return text;
  const link = element("a", "", text);
  link.href = href;
  return link;
}

/** A name is a stranger's text. */
const escaped = (text) => text.replace(/[$()*+.?[\\\]^{|}/-]/g, "\\$&");
