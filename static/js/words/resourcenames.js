/** The names of resources; a part is named with its whole: "wlock of jobs". */

import { splitName } from "./resources.js";
import { store } from "../state/store.js";

/** @param {object} resource @returns {{name: string, place: string}} */
export function resourceName(resource) {
  const whole = resource.part_of ? store.resources.get(resource.part_of) : null;
  if (!whole) return splitName(resource);
  const { name, place } = resourceName(whole);
  return { name: `${partName(resource)} of ${name}`, place };
}

/** The name of a part within its whole: "wlock" @param {object} resource */
export const partName = (resource) => resource.name || resource.kind_label;
