import { options } from "preact";

/** Draw what `change` changes before this returns, as where the browser is about to print. */
export function drawNow(change: () => void): void {
  const before = options.debounceRendering;
  options.debounceRendering = (draw) => draw();
  try {
    change();
  } finally {
    options.debounceRendering = before;
  }
}
