/** Text with links: pids that we know lead to their process, names of resources to the resource. */

import { hrefOf } from "./pids.js";
import { named } from "./resourcewords.js";
import { programHref } from "./router.js";
import { store } from "./store.js";
import { element } from "./template.js";

/**
 * @param {string} text @param {string[]} resources ids of those that it may speak of
 * @returns {(string|HTMLElement)[]} what to put there
 */
export function linked(text, resources = []) {
  const names = new Map(resources.map((id) => store.resources.get(id)).filter(Boolean).map((one) => [named(one).name, one]));
  const words = [...names.keys()].filter((name) => /\w/.test(name)).sort((a, b) => b.length - a.length).map(RegExp.escape ?? escaped);
  const pattern = new RegExp(`(?<![\\w.])(\\d{2,7}${words.map((word) => `|${word}`).join("")})(?!\\w)`, "u");
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

const escaped = (text) => text.replace(/[$()*+.?[\\\]^{|}/-]/g, "\\$&");
