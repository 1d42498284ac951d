/** Mounts the parts of the page.  Each follows the store and the address. */

import { mountBulk } from "./processes/bulk.js";
import { mountFilter } from "./processes/filterbar.js";
import { mountColumns } from "./processes/columnmenu.js";
import { mountConnection } from "./shell/connection.js";
import { startDetail } from "./detail/detail.js";
import { mountEmpty } from "./processes/empty.js";
import { startEvents } from "./events/events.js";
import { mountGestures } from "./processes/pointer.js";
import { mountHeader } from "./shell/header.js";
import { showHelp } from "./shell/help.js";
import { mountKeyboard } from "./shell/keyboard.js";
import { KEYS } from "./shell/keys.js";
import { startLaunch } from "./launch/launch.js";
import { startPool } from "./pools/pool.js";
import { startRates } from "./pools/rates.js";
import { startPools } from "./pools/list.js";
import { startProgram } from "./programs/program.js";
import { startPrograms } from "./programs/list.js";
import { go, href, startRouter } from "./state/router.js";
import { startStopping } from "./shell/stopping.js";
import { store } from "./state/store.js";
import { mountTable } from "./processes/table.js";
import { mountTheme } from "./shell/themes.js";

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
