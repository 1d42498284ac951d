/** Defers rendering to the next painted frame.  A hidden tab paints no frames, so nothing is rendered there. */

/** @param {() => void} fn @returns {() => void} schedules one run of `fn` in the next frame, however often it is called */
export function framed(fn) {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      fn();
    });
  };
}
