/** The divider between list and detail: drag it, move it with the arrow keys, double-click to reset; kept in this browser. */

const KEPT = "detail-width";
const [LEAST, MOST] = [360, 1100];
const STEP = 24;
const root = document.documentElement;
const edge = document.getElementById("edge");

export function startSplit() {
  const kept = Number(localStorage.getItem(KEPT));
  if (kept) set(kept);
  edge.addEventListener("pointerdown", drag);
  edge.addEventListener("dblclick", reset);
  edge.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    keep(width() + step);
  });
}

const width = () => edge.closest("#detail").getBoundingClientRect().width;

function drag(down) {
  if (down.button) return;
  down.preventDefault();
  edge.setPointerCapture(down.pointerId);
  const from = down.clientX + width();
  const move = (event) => set(from - event.clientX);
  edge.addEventListener("pointermove", move);
  edge.addEventListener("lostpointercapture", () => {
    edge.removeEventListener("pointermove", move);
    keep(width());
  }, { once: true });
}

function set(pixels) {
  const fitting = Math.round(Math.max(LEAST, Math.min(MOST, innerWidth * 0.7, pixels)));
  root.style.setProperty("--detail", `${fitting}px`);
  edge.setAttribute("aria-valuenow", String(fitting));
  return fitting;
}

const keep = (pixels) => localStorage.setItem(KEPT, String(set(pixels)));

function reset() {
  localStorage.removeItem(KEPT);
  root.style.removeProperty("--detail");
  edge.setAttribute("aria-valuenow", String(Math.round(width())));
}
