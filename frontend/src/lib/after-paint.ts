const GIVE_UP_MS = 1000; // after which a frame that never comes (a window behind others) counts as drawn

/**
 * Call `done` with the milliseconds since `begun` once the next frame has been painted; at once where nothing is.
 * Returns how to stop waiting.
 */
export function afterPaint(begun: number, done: (ms: number) => void): () => void {
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    done(performance.now() - begun);
  };
  if (document.visibilityState !== "visible") {
    end();
    return end;
  }
  requestAnimationFrame(() => setTimeout(end, 0));
  const timer = setTimeout(end, GIVE_UP_MS);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
