/** Tells when this page stood still, was not looked at or had no network, and for how long. */

import { pageNow } from "./clock.ts";

export type Cause = "asleep" | "in the background" | "offline";

export interface WakeListener {
  /** The page is about to be frozen, kept for going back, or closed. */
  away(): void;
  /** It goes on after `gap` ms. */
  back(gap: number, cause: Cause): void;
  /** The page is not looked at any more. */
  hidden(): void;
  /** The network is gone. */
  lost(): void;
  /** Once a second while the page runs; less often in the background. */
  tick(): void;
}

const STEP = 1000;
/** Milliseconds by which a step may be late before the page counts as having slept; in the background a browser runs
 * timers once a minute. */
const LATE = 5000;
const LATE_HIDDEN = 75_000;

/** Watch until the returned function is called. */
export function watchWake(on: WakeListener): () => void {
  let last = pageNow();
  let awayAt = last;
  let hiddenAt = last;
  let offlineAt = last;
  const back = (since: number, cause: Cause): void => {
    last = pageNow();
    on.back(last - since, cause);
  };
  const away = (): void => {
    awayAt = pageNow();
    on.away();
  };
  const step = (): void => {
    const since = last;
    last = pageNow();
    if (last - since > (document.hidden ? LATE_HIDDEN : LATE) + STEP) back(since, "asleep");
    on.tick();
  };
  const timer = setInterval(step, STEP);
  const over = new AbortController();
  const hear = (target: EventTarget, name: string, run: (event: Event) => void): void =>
    target.addEventListener(name, run, { signal: over.signal });
  hear(document, "visibilitychange", () => {
    if (document.hidden) {
      hiddenAt = pageNow();
      on.hidden();
    } else back(hiddenAt, "in the background");
  });
  hear(document, "freeze", away);
  hear(document, "resume", () => back(awayAt, "asleep"));
  hear(window, "pagehide", away);
  hear(window, "pageshow", (event) => (event as PageTransitionEvent).persisted && back(awayAt, "in the background"));
  hear(window, "offline", () => {
    offlineAt = pageNow();
    on.lost();
  });
  hear(window, "online", () => back(offlineAt, "offline"));
  return () => {
    clearInterval(timer);
    over.abort();
  };
}
