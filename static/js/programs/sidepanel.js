/** The panel beside a program: a resource or the log. */

import * as log from "./log.js";
import { programHref } from "../state/router.js";
import * as resource from "../resources/panel.js";
import { SidePanel } from "../widgets/sidepanel.js";

export const programPanel = new SidePanel("program", { resource, log }, { hrefOf: programHref });
