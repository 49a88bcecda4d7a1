import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startClock } from "../live/clock";
import { doubtDeskTime, followDeskTime, offsetOf } from "./desk-time";
import { setWallOffset, wallNow } from "./ticker";

const at = Date.parse("2026-01-01T12:00:00Z");
const header = (ms: number): string => new Date(ms).toUTCString();

it("offsetOf a desk that is minutes ahead is its distance", () => {
  expect(offsetOf(header(at + 300_000), at, at + 100)).toBeGreaterThan(299_000);
  expect(offsetOf(header(at - 300_000), at, at + 100)).toBeLessThan(-299_000);
});

it("offsetOf what a header's whole seconds cannot tell is none", () => {
  expect(offsetOf(header(at), at + 900, at + 950)).toBe(0);
  expect(offsetOf(header(at + 3000), at, at + 5000)).toBe(0);
});

it("offsetOf no date is none", () => {
  expect(offsetOf(null, at, at)).toBe(0);
  expect(offsetOf("soon", at, at)).toBe(0);
});

describe("a write that is not of now", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse("2026-01-01T12:00:00Z") });
    startClock();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    setWallOffset(0);
  });

  it("has the distance measured twice, as the first answer may be of before the desk's clock was put", async () => {
    const dates = ["Thu, 01 Jan 2026 12:00:00 GMT", "Thu, 01 Jan 2026 12:02:00 GMT", "Thu, 01 Jan 2026 11:02:06 GMT"];
    const asked = vi.fn(async () => new Response("", { headers: { date: dates.shift() ?? "" } }));
    vi.stubGlobal("fetch", asked);
    followDeskTime();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(asked).toHaveBeenCalledTimes(1);
    const written = Date.parse("2026-01-01T11:02:00Z");
    doubtDeskTime(written);
    await vi.advanceTimersByTimeAsync(8000);
    expect(asked).toHaveBeenCalledTimes(3);
    expect(Math.abs(wallNow() - written - 8000)).toBeLessThan(3000);
    doubtDeskTime(Date.parse("2026-01-01T10:00:00Z")); // a bot whose clock is off is not asked about at each write
    await vi.advanceTimersByTimeAsync(20_000);
    expect(asked).toHaveBeenCalledTimes(3);
  });
});

it("reads the answer to its end: one that nobody reads keeps its request open", async () => {
  vi.stubGlobal("EventSource", undefined);
  const answers: Response[] = [];
  vi.stubGlobal("fetch", async () => {
    answers.push(new Response("ok", { headers: { date: header(Date.now()) } }));
    return answers.at(-1);
  });
  followDeskTime();
  await vi.waitFor(() => expect(answers.at(-1)?.bodyUsed).toBe(true));
  vi.unstubAllGlobals();
});
