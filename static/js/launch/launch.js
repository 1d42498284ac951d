/** The launch dialog, at /launch over the list; ?workload=NAME picks a card.  After the launch the new process is open. */

import { post } from "../state/api.js";
import { workloads } from "../state/catalogue.js";
import { LaunchForm } from "./form.js";
import { plural } from "../words/format.js";
import { VIEW_ONLY } from "../words/verbs.js";
import { remember } from "../dom/remember.js";
import { detailHref, go, onRoute, route } from "../state/router.js";
import { store } from "../state/store.js";
import { CatalogueDialog } from "../widgets/catalogue.js";
import { toast } from "../widgets/toasts.js";

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("launch"));
const form = new LaunchForm(dialog);
const catalogue = new CatalogueDialog(dialog, workloads, form, send);
/** Where the dialog was opened. */
let origin = "/";

/** Follow the address. */
export function startLaunch() {
  dialog.addEventListener("close", () => route().launch && go(origin));
  onRoute(follow);
}

async function follow({ launch, params }) {
  if (!launch) {
    origin = location.pathname + location.search;
    return void (dialog.open && dialog.close());
  }
  if (store.role === "viewer") {
    go(origin, { replace: true });
    return void toast({ title: VIEW_ONLY, tone: "note" });
  }
  await catalogue.open();
  catalogue.cards.pick(params.get("workload") ?? form.chosen?.name);
}

async function send(body) {
  const { count, ...spec } = body;
  const records = count > 1 ? (await post("/api/v1/processes/batch", body)).processes : [await post("/api/v1/processes", spec)];
  remember(form.memory, form.typed());
  launched(records);
}

function launched(records) {
  const [first] = records;
  const single = records.length === 1;
  go(single ? detailHref(first.id) : origin.startsWith("/processes/") ? "/" : origin);
  toast({
    title: single ? first.name : plural(records.length, "process"), text: first.auto_start ? "launched." : "created, not started.",
    link: { href: detailHref(first.id), text: single ? "Open" : "Open the first" },
  });
}
