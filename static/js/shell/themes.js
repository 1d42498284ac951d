/** The theme button: system, light, dark. */

import { setData } from "../dom/dom.js";
import { themeChanged } from "../widgets/palette.js";

const NAMES = { "": "system", light: "light", dark: "dark" };
const ICONS = { "": "◐", light: "○", dark: "●" };
const ORDER = ["", "light", "dark"];

/** Let the button cycle through the themes; the choice is kept in this browser. */
export function mountTheme() {
  const button = document.getElementById("theme");
  const show = () => {
    const theme = document.documentElement.dataset.theme ?? "";
    button.firstElementChild.textContent = ICONS[theme];
    button.title = `Theme: ${NAMES[theme]}`;
    button.setAttribute("aria-label", button.title);
  };
  button.addEventListener("click", () => {
    const now = document.documentElement.dataset.theme ?? "";
    set(ORDER[(ORDER.indexOf(now) + 1) % ORDER.length]);
    show();
  });
  show();
}

function set(theme) {
  setData(document.documentElement, "theme", theme || null);
  localStorage.setItem("theme", theme);
  themeChanged();
}
