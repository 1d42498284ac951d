/** What stands where there is nothing: three workloads to start with one click each, or the way out of a filter. */

import { post } from "../state/api.js";
import { store } from "../state/store.js";
import { table } from "./table.js";
import { complain } from "../widgets/toasts.js";

const [empty, nothing] = ["empty", "nothing"].map((id) => document.getElementById(id));

/** Show it whenever the list turns out empty. */
export function mountEmpty() {
  table.onSettled(() => {
    const known = store.seq !== null;
    empty.hidden = !known || store.processes.size + store.descendants.size > 0;
    nothing.hidden = !known || !empty.hidden || table.items.length > 0;
    table.grid.hidden = !empty.hidden;
  });
  empty.addEventListener("click", (event) => {
    const button = event.target.closest("[data-workload]");
    if (button) launch(button);
  });
}

async function launch(button) {
  const { workload } = button.dataset;
  button.disabled = true;
  try {
    await post("/api/v1/processes", { workload, params: {} });
  } catch (error) {
    complain(`${workload} was not launched.`, error);
  } finally {
    button.disabled = false;
  }
}
