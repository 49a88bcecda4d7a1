/**
 * One timer for everything on the page that ages. Wall milliseconds; never a market time.
 *
 * What the desk and its bots wrote is of the desk's wall time; what this page did is of the page's own (`pageNow`), which
 * `onDesk` turns into the desk's. An age is a difference on one of them, never between the two.
 */

import { pageNow } from "../live/clock";
import { useStore } from "./use-store";

const STEP_MS = 100; // the last digit of the youngest age

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let offsetMs = 0;

/** Wall time of the desk in milliseconds: this page's time, moved by what `setWallOffset` was told. */
export function wallNow(): number {
  return onDesk(pageNow());
}

/** The desk's wall time of what this page did at `at` by its own time; only to compare with `wallNow` at once. */
export function onDesk(at: number): number {
  return at + offsetMs;
}

/** Tell how far the desk's wall time is ahead of this page's, in milliseconds. */
export function setWallOffset(ms: number): void {
  offsetMs = ms;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const each of [...listeners]) each();
  }, STEP_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer !== undefined) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Wall time that changes every `stepMs` (a multiple of 100 ms) and draws its component again when it does. */
export function useNow(stepMs: number): number {
  return useStore(subscribe, () => Math.floor(wallNow() / stepMs) * stepMs);
}

/**
 * A text of the wall time that draws its component again only when it differs: an age that reads `3 d 4 h` costs
 * nothing between two hours.
 */
export function useTicking(text: (now: number) => string): string {
  return useStore(subscribe, () => text(wallNow()));
}
