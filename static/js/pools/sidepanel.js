/** The panel beside a pool: a job, a worker or the form for a job. */

import { SidePanel } from "../widgets/sidepanel.js";
import * as job from "./jobs/job.js";
import { poolHref } from "../state/router.js";
import { store } from "../state/store.js";
import * as submit from "./jobs/submit.js";
import * as worker from "./workers/panel.js";

const panel = new SidePanel(document.getElementById("pool-panel"), {
  panels: {
    job: { template: "panel-job", open: job.open }, worker: { template: "panel-worker", open: worker.open },
    submit: { template: "panel-submit", open: submit.open },
  },
  hrefOf: (pool) => poolHref(pool), record: (pool) => store.pools.get(pool),
  allowed: (name) => name !== "submit" || store.role === "operator",
});

/** Close the panel; return false if none was open. @returns {boolean} */
export const closePanel = () => panel.close();

/** Open the panel that the address names. @param {import("../state/router.js").Route} route */
export const followPanel = ({ pool, params }) => panel.follow(pool, params, params.get("stack") ?? "");

/** @param {object|undefined} pool */
export const showPanel = (pool) => panel.show(pool);
