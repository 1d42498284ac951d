/** What a resource is called; a part of another one after that, too: "wlock of jobs". */

import { kindWord, named } from "./resources.js";
import { store } from "../state/store.js";

/** @param {object} resource @returns {{name: string, place: string}} */
export function called(resource) {
  const whole = resource.part_of ? store.resources.get(resource.part_of) : null;
  if (!whole) return named(resource);
  const { name, place } = called(whole);
  return { name: `${partName(resource)} of ${name}`, place };
}

/** What it is called within its whole: "wlock" @param {object} resource */
export const partName = (resource) => resource.name || kindWord(resource);
