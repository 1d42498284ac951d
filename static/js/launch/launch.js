/** The launch dialog: at /launch, over the list; ?workload=NAME picks a card.  After launching the new process is open. */

import { post } from "../state/api.js";
import { found, search, showCatalogue, workload } from "./catalogue.js";
import { open } from "../widgets/dialogs.js";
import { LaunchForm } from "./form.js";
import { remember } from "../dom/remember.js";
import { detailHref, go, onRoute, route } from "../state/router.js";
import { store } from "../state/store.js";
import { part, say } from "../dom/template.js";
import { complain, toast } from "../widgets/toasts.js";

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("launch"));
const form = new LaunchForm(dialog);
let back = "/";

/** Follow the address. */
export function startLaunch() {
  part(dialog, "tabs").addEventListener("click", (event) => event.target.dataset.tab && showTab(event.target.dataset.tab));
  part(dialog, "tabs").addEventListener("keydown", (event) => event.key.startsWith("Arrow") && showTab(form.tab === "code" ? "catalogue" : "code", true));
  part(dialog, "themes").addEventListener("change", (event) => choose(event.target.value));
  part(dialog, "themes").addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => {
    if (key.length === 1 && key !== " " && !ctrlKey && !metaKey && !altKey) part(dialog, "query").focus(); // what is typed is searched
  });
  part(dialog, "query").addEventListener("keydown", chooseFound);
  part(dialog, "close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => route().launch && go(back));
  dialog.querySelector("form").addEventListener("submit", submit);
  store.subscribe(({ status }) => status && dialog.open && form.ready());
  onRoute(follow);
  follow(route());
}

async function follow({ launch, params }) {
  if (!launch) {
    back = location.pathname + location.search;
    return void (dialog.open && dialog.close());
  }
  if (store.role === "viewer") {
    go(back, { replace: true });
    return void toast({ title: "Nothing can be launched.", text: "You look on as a viewer: only an operator may launch.", tone: "note" });
  }
  open(dialog);
  showTab(form.tab);
  try {
    await showCatalogue(dialog);
  } catch (error) {
    return void form.complain(`The catalogue cannot be read: ${error.detail ?? error.message}`);
  }
  part(dialog, "query").value = "";
  search(dialog);
  choose(params.get("workload") ?? form.chosen);
  if (!form.chosen) part(dialog, "query").focus();
}

function showTab(name, focus = false) {
  form.tab = name;
  for (const tab of part(dialog, "tabs").children) {
    const chosen = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    if (chosen && focus) tab.focus();
    part(dialog, tab.dataset.tab).hidden = !chosen;
  }
  part(dialog, "search").hidden = name === "code";
  form.choose(name === "code" ? null : dialog.querySelector(".card input:checked")?.value ?? null);
}

/** Enter in the search chooses the first that it found; the next Enter, on the card, launches. */
function chooseFound(event) {
  if (event.key !== "Enter") return;
  event.preventDefault();
  choose(found(dialog));
}

function choose(name) {
  if (!workload(name)) return;
  const card = dialog.querySelector(`.card input[value="${CSS.escape(name)}"]`);
  card.checked = true;
  card.focus();
  form.choose(name);
}

async function submit(event) {
  event.preventDefault();
  const body = form.read();
  if (!body || part(dialog, "go").disabled) return;
  const { count, ...spec } = body;
  form.busy = true;
  form.ready();
  try {
    const records = count > 1 ? (await post("/api/v1/processes/batch", body)).processes : [await post("/api/v1/processes", spec)];
    remember(form.memory, form.typed());
    launched(records);
  } catch (error) {
    error.status === 422 ? form.complain(error.detail, error.field) : refused(error);
  } finally {
    form.busy = false;
    form.ready();
  }
}

function launched(records) {
  const [first] = records;
  const one = records.length === 1;
  go(one ? detailHref(first.id) : back.startsWith("/processes/") ? "/" : back);
  toast({
    title: one ? first.name : `${records.length} × ${first.name}`, text: first.auto_start ? "launched." : "created; Start begins it.",
    link: { href: detailHref(first.id), text: one ? "Open" : "Open the first" },
  });
}

function refused(error) {
  form.complain(error.detail ?? error.message);
  if (!dialog.open) complain("Nothing was launched.", error);
  say(part(dialog, "problem"), error.detail ?? error.message);
}
