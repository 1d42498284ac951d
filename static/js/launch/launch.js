/** The launch dialog, at /launch over the list; ?workload=NAME picks a card.  After the launch the new process is open. */

import { post } from "../state/api.js";
import { workloads } from "../state/catalogue.js";
import { LaunchForm } from "./form.js";
import { plural } from "../words/format.js";
import { VIEW_ONLY } from "../words/verbs.js";
import { part } from "../dom/dom.js";
import { remember } from "../dom/remember.js";
import { detailHref, go, onRoute, route } from "../state/router.js";
import { store } from "../state/store.js";
import { Cards } from "../widgets/cards.js";
import { open } from "../widgets/dialogs.js";
import { mountTabs } from "../widgets/tabs.js";
import { complain, toast } from "../widgets/toasts.js";

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("launch"));
const form = new LaunchForm(dialog);
const cards = new Cards(dialog, (workload) => form.choose(workload), ({ name, description }) => ({ name, description }));
const showTab = mountTabs(dialog, (tab) => {
  form.tab = tab;
  part(dialog, "search").hidden = tab === "code";
  form.choose(tab === "code" ? null : cards.member(cards.chosen) ?? null);
});
/** Where the dialog was opened. */
let origin = "/";

/** Follow the address. */
export function startLaunch() {
  dialog.addEventListener("close", () => route().launch && go(origin));
  dialog.querySelector("form").addEventListener("submit", submit);
  store.subscribe(({ status }) => status && dialog.open && form.ready());
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
  open(dialog);
  showTab(form.tab);
  cards.reset();
  try {
    cards.show(await workloads.themes());
  } catch (error) {
    return void form.complain(`Could not read the catalogue: ${error.detail ?? error.message}`);
  }
  cards.pick(params.get("workload") ?? form.chosen?.name);
}

async function submit(event) {
  event.preventDefault();
  const body = part(dialog, "go").disabled ? null : form.read();
  if (!body) return;
  const { count, ...spec } = body;
  form.busy = true;
  form.ready();
  try {
    const records = count > 1 ? (await post("/api/v1/processes/batch", body)).processes : [await post("/api/v1/processes", spec)];
    remember(form.memory, form.typed());
    launched(records);
  } catch (error) {
    form.complain(error.detail ?? error.message, error.status === 422 ? error.field : null);
    if (!dialog.open) complain("Could not launch.", error);
  } finally {
    form.busy = false;
    form.ready();
  }
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
