/** The panel beside a pool: a job, a worker or the form for a job. */

import * as job from "./jobs/job.js";
import { poolHref } from "../state/router.js";
import { SidePanel } from "../widgets/sidepanel.js";
import { store } from "../state/store.js";
import * as submit from "./jobs/submit.js";
import * as worker from "./workers/panel.js";

export const poolPanel = new SidePanel("pool", { job, worker, submit }, {
  hrefOf: poolHref, allowed: (name) => name !== "submit" || store.role === "operator",
});
