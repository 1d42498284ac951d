/** The panel beside a program: a resource, or what its first process wrote. */

import { Beside } from "../widgets/beside.js";
import * as log from "./log.js";
import * as resource from "../resources/panel.js";
import { programHref } from "../state/router.js";
import { store } from "../state/store.js";

const beside = new Beside(document.getElementById("program-beside"), {
  panels: { resource: { template: "beside-resource", open: resource.open }, log: { template: "beside-log", open: log.open } },
  hrefOf: (program) => programHref(program), record: (program) => store.programs.get(program),
});

/** Close what is open; false where nothing was. @returns {boolean} */
export const closeBeside = () => beside.close();

/** Open what the address asks for. @param {import("../state/router.js").Route} route */
export const followBeside = ({ program, params }) => beside.follow(program, params);

/** @param {object|undefined} program as it is now */
export const showBeside = (program) => beside.show(program);
