/** The theme button: system, light, dark. */

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
  if (theme) {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme);
  } else {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem("theme");
  }
  themeChanged();
}
