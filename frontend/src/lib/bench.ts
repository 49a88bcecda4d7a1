/** For tests: a wall clock that stands still, a cache that is empty, and nothing left of what was drawn. */

import { cleanup } from "@testing-library/preact";
import { afterEach, beforeEach, vi } from "vitest";
import { clearAllCache } from "../live";
import { startClock } from "../live/clock";

/** Where the clock of `standStill` stands, ms. */
export const WALL = Date.parse("2026-01-01T12:00:00Z");

/** Let each test of a file begin at `WALL`, and clear the document after it. */
export function standStill(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: WALL });
    startClock();
  });
  afterEach(() => {
    cleanup();
    vi.useRealTimers();
  });
}

/** Forget all that the browser keeps, and let the clock go. */
export function keepNothing(): void {
  vi.useRealTimers();
  localStorage.clear();
  clearAllCache();
}
