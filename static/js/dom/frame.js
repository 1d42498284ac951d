/** Work for the next painted frame.  A hidden tab paints nothing, so nothing is rendered there either. */

/** @param {() => void} fn @returns {() => void} asks for one run of `fn` in the next frame, however often it is called */
export function framed(fn) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      fn();
    });
  };
}
