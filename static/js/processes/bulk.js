/** The bar for several processes at once; it lies over the filters while something is selected. */

import { act } from "../acting/processes.js";
import { mark, put } from "../dom/dom.js";
import { count as counted } from "../words/format.js";
import { framed } from "../dom/frame.js";
import { onSelection, selection } from "./selection.js";
import { store } from "../state/store.js";
import { table } from "./table.js";
import { verbButton } from "./buttons.js";
import { sharedOffers } from "../words/offers.js";

const bar = document.getElementById("bulk");
const [count, verbs] = bar.children;
const all = document.getElementById("select-all");
let offered = "";

/** Follow the selection. */
export function mountBulk() {
  const ask = framed(show);
  onSelection(ask);
  store.subscribe(() => { if (selection.size) ask(); });
  bar.querySelector("[data-clear]").addEventListener("click", () => selection.clear());
  verbs.addEventListener("click", (event) => {
    const button = event.target.closest("[data-verb]");
    if (button) act(button.dataset.verb, [...selection.ids], button);
  });
}

function show() {
  bar.hidden = !selection.size;
  mark(document.getElementById("list"), "selecting", selection.size ? "" : null);
  all.checked = selection.size > 0 && table.order.every((id) => selection.has(id));
  all.indeterminate = selection.size > 0 && !all.checked;
  put(count, `${counted(selection.size)} selected`);
  const records = [...selection.ids].map((id) => store.processes.get(id)).filter(Boolean);
  const possible = sharedOffers(records);
  const stand = possible.map(({ verb }) => verb).join();
  if (stand === offered) return;
  offered = stand;
  verbs.replaceChildren(...possible.map((one) => named(verbButton(one, "the selected processes"))));
}

/** In the bar a button is reached by Tab, and named by what it shows. */
function named(button) {
  button.removeAttribute("tabindex");
  button.removeAttribute("aria-label");
  return button;
}
