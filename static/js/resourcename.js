/** What a resource is called; a part of another one, which has no name of its own, after that. */

import { kindWord, named } from "./resourcewords.js";
import { store } from "./store.js";

/** @param {object} resource @returns {{name: string, place: string}} */
export function called(resource) {
  const whole = resource.name ? null : store.resources.get(resource.part_of);
  if (!whole) return named(resource);
  const { name, place } = called(whole);
  return { name: `${kindWord(resource)} in ${name}`, place };
}
