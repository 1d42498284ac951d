/** Mounts the parts of the page; each follows the store and the address by itself. */

import { mountBulk } from "./bulk.js";
import { mountFilter } from "./chips.js";
import { mountColumns } from "./chooser.js";
import { mountConnection } from "./connection.js";
import { startDetail } from "./detail.js";
import { mountEmpty } from "./empty.js";
import { startEvents } from "./events.js";
import { mountGestures } from "./gestures.js";
import { mountHeader } from "./header.js";
import { showHelp } from "./help.js";
import { mountKeyboard } from "./keyboard.js";
import { KEYS } from "./keys.js";
import { startLaunch } from "./launch.js";
import { startPool } from "./pool.js";
import { startRates } from "./poolrates.js";
import { startPools } from "./pools.js";
import { startProgram } from "./program.js";
import { startPrograms } from "./programs.js";
import { go, href, startRouter } from "./router.js";
import { startStopping } from "./stopping.js";
import { store } from "./store.js";
import { mountTable } from "./table.js";
import { mountTheme } from "./themes.js";

const launch = () => go(href("/launch"));
const help = () => showHelp(KEYS);

mountTheme();
mountHeader();
mountConnection();
mountTable();
mountColumns();
mountFilter();
mountGestures();
mountBulk();
mountEmpty();
mountKeyboard({ launch, help });
startDetail();
startEvents();
startRates();
startPools();
startPool();
startPrograms();
startProgram();
startLaunch();
startStopping();
startRouter();
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-launch]")) launch();
});
document.getElementById("keys").addEventListener("click", help);
store.start();
