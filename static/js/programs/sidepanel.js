/** The panel beside a program: a resource or the log. */

import { SidePanel } from "../widgets/sidepanel.js";
import * as log from "./log.js";
import * as resource from "../resources/panel.js";
import { programHref } from "../state/router.js";
import { store } from "../state/store.js";

const panel = new SidePanel(document.getElementById("program-panel"), {
  panels: { resource: { template: "panel-resource", open: resource.open }, log: { template: "panel-log", open: log.open } },
  hrefOf: (program) => programHref(program), record: (program) => store.programs.get(program),
});

/** Close the panel; return false if none was open. @returns {boolean} */
export const closePanel = () => panel.close();

/** Open the panel that the address names. @param {import("../state/router.js").Route} route */
export const followPanel = ({ program, params }) => panel.follow(program, params);

/** @param {object|undefined} program */
export const showPanel = (program) => panel.show(program);
