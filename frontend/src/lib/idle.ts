const GIVE_UP_MS = 1000; // after which a page that is never idle counts as idle

/** Call `run` in a task of its own when there is nothing more urgent to do; returns how to call it off. */
export function whenIdle(run: () => void): () => void {
  if (!window.requestIdleCallback) {
    const timer = setTimeout(run); // Safari
    return () => clearTimeout(timer);
  }
  const asked = requestIdleCallback(run, { timeout: GIVE_UP_MS });
  return () => cancelIdleCallback(asked);
}
