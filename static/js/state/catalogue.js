/** The catalogues of the server: workloads to launch, and programs to run. */

import { get } from "./api.js";

class Catalogue {
  #fetched = null;
  #known = new Map();

  /** @param {string} path */
  constructor(path) {
    this.path = path;
  }

  /** Return an entry, if the catalogue has been fetched. @param {string} name @returns {object|undefined} */
  entry(name) {
    return this.#known.get(name);
  }

  /** Fetch the entries by theme, once. @returns {Promise<Map<string, object[]>>} */
  themes() {
    this.#fetched ??= get(this.path).then(({ programs, workloads }) => {
      for (const one of programs ?? workloads) this.#known.set(one.name, one);
      return Map.groupBy(this.#known.values(), ({ theme }) => theme || "Other");
    });
    return this.#fetched.catch((error) => {
      this.#fetched = null;
      throw error;
    });
  }
}

export const workloads = new Catalogue("/api/v1/workloads");
export const programs = new Catalogue("/api/v1/programs/workloads");
