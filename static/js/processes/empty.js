/** The empty list: three workloads to launch with one click, or a link that clears the filter. */

import { post } from "../state/api.js";
import { onPress } from "../dom/dom.js";
import { store } from "../state/store.js";
import { table } from "./table.js";
import { attempt } from "../widgets/toasts.js";

const [empty, nothing] = ["empty", "nothing"].map((id) => document.getElementById(id));

/** Show it whenever the list is empty. */
export function mountEmpty() {
  table.onSettled(() => {
    const known = store.seq !== null;
    empty.hidden = !known || store.processes.size + store.descendants.size > 0;
    nothing.hidden = !known || !empty.hidden || table.items.length > 0;
    table.grid.hidden = !empty.hidden;
  });
  onPress(empty, "[data-workload]", (button) => {
    const { workload } = button.dataset;
    attempt(`Could not launch ${workload}.`, () => post("/api/v1/processes", { workload, params: {} }), button);
  });
}
