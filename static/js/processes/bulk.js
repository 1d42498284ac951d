/** The bar of actions on the selected processes; it covers the filters while there is a selection. */

import { act } from "../acting/processes.js";
import { framed, onPress, setData, setText } from "../dom/dom.js";
import { count as counted } from "../words/format.js";
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
  const render = framed(show);
  onSelection(render);
  store.subscribe(() => { if (selection.size) render(); });
  bar.querySelector("[data-clear]").addEventListener("click", () => selection.clear());
  onPress(verbs, "[data-verb]", (button) => act(button.dataset.verb, [...selection.ids], button));
}

function show() {
  bar.hidden = !selection.size;
  setData(document.getElementById("list"), "selecting", selection.size ? "" : null);
  all.checked = selection.size > 0 && table.order.every((id) => selection.has(id));
  all.indeterminate = selection.size > 0 && !all.checked;
  setText(count, `${counted(selection.size)} selected`);
  const records = [...selection.ids].map((id) => store.processes.get(id)).filter(Boolean);
  const possible = sharedOffers(records);
  const now = possible.map(({ verb }) => verb).join();
  if (now === offered) return;
  offered = now;
  verbs.replaceChildren(...possible.map((one) => Object.assign(verbButton("verb", one), { title: `${one.label} the selected processes` })));
}
