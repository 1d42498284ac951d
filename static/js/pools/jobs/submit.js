/** The panel that submits a job to a pool. */

import { get, post } from "../../state/api.js";
import { acceptsJobs } from "../../words/pools.js";
import { go, poolHref } from "../../state/router.js";
import { store } from "../../state/store.js";
import { SubmitForm } from "./form.js";
import { fill, part, setText } from "../../dom/dom.js";

/** The function chosen last is preselected. */
let lastChosen = null;

/** @param {HTMLElement} panel @param {string} pool id @param {string} wanted @param {HTMLElement} aside */
export function open(panel, pool, wanted, aside) {
  fill(aside, { "panel-title": "Submit a job" });
  const form = new SubmitForm(/** @type {HTMLFormElement} */ (panel));
  panel.addEventListener("submit", (event) => {
    event.preventDefault();
    send(panel, form, pool);
  });
  prepare(panel, form);
  return {
    show(record) {
      form.allow(Boolean(store.supervisor?.allow_targets));
      part(panel, "go").disabled = !acceptsJobs(record) || panel.dataset.busy === "yes";
    },
  };
}

async function prepare(panel, form) {
  try {
    const { functions } = await get("/api/v1/pools/functions");
    form.offer(functions);
    const known = functions.some(({ name }) => name === lastChosen);
    form.choose(known ? lastChosen : functions[0]?.name ?? "");
    form.chosen.focus();
  } catch (error) {
    form.complain(`Could not read the functions: ${error.detail ?? error.message}`);
  }
}

async function send(panel, form, pool) {
  const body = form.read();
  const button = part(panel, "go");
  if (!body || button.disabled) return;
  panel.dataset.busy = "yes";
  button.disabled = true;
  setText(button.firstElementChild, "Submitting…");
  try {
    const job = await post(`/api/v1/pools/${pool}/jobs`, body);
    lastChosen = form.chosen.value;
    if (panel.isConnected) go(poolHref(pool, { job: job.id }));
  } catch (error) {
    form.complain(error.detail ?? error.message, error.field);
  } finally {
    panel.dataset.busy = "no";
    button.disabled = false;
    setText(button.firstElementChild, "Submit");
  }
}
