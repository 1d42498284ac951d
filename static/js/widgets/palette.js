/** The colours of the CSS tokens, for canvases; looked up again when the theme changes. */

const cache = new Map();
const listeners = new Set();
const probe = document.createElement("span");

/** @param {string} token e.g. "accent" for --accent @returns {string} a colour for a canvas */
export function colour(token) {
  if (!cache.has(token)) {
    if (!probe.isConnected) document.documentElement.append(probe);
    probe.hidden = true;
    probe.style.color = `var(--${token})`;
    cache.set(token, getComputedStyle(probe).color);
  }
  return cache.get(token);
}

/** Call `fn()` after the colours changed. @param {() => void} fn */
export function onTheme(fn) {
  listeners.add(fn);
}

/** Discard the colours after a change of theme. */
export function themeChanged() {
  cache.clear();
  for (const fn of listeners) fn();
}

for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"])
  matchMedia(query).addEventListener("change", themeChanged);
