/** The panel beside a pool: a job, a worker or the form for a new job. */

import { Beside } from "../widgets/beside.js";
import * as job from "./jobs/job.js";
import { poolHref } from "../state/router.js";
import { store } from "../state/store.js";
import * as submit from "./jobs/submit.js";
import * as worker from "./workers/panel.js";

const beside = new Beside(document.getElementById("beside"), {
  panels: {
    job: { template: "beside-job", open: job.open }, worker: { template: "beside-worker", open: worker.open },
    submit: { template: "beside-submit", open: submit.open },
  },
  hrefOf: (pool) => poolHref(pool), record: (pool) => store.pools.get(pool),
  allowed: (name) => name !== "submit" || store.role === "operator",
});

/** Close what is open; false where nothing was. @returns {boolean} */
export const closeBeside = () => beside.close();

/** Open what the address asks for. @param {import("../state/router.js").Route} route */
export const followBeside = ({ pool, params }) => beside.follow(pool, params, params.get("stack") ?? "");

/** @param {object|undefined} pool as it is now */
export const showBeside = (pool) => beside.show(pool);
