import { describe, expect, it } from "vitest";
import { clockOf, holeAt, indexAt, placeOf, placeText, played, stepped } from "./past";

const MOMENTS = [1000, 2000, 5000, 90_000];
const HOLES = [{ start: 6000, end: 90_000, why: "no recorder was running" }];

describe("an address", () => {
  it("names a moment and is written as it was read", () => {
    const ms = (14 * 3600 + 3 * 60 + 20) * 1000;
    expect(placeOf("2026-11-30T14:03:20Z")).toEqual({ day: "2026-11-30", ms });
    expect(placeText("2026-11-30", ms)).toBe("2026-11-30T14:03:20Z");
    expect(placeText("2026-11-30", ms + 50)).toBe("2026-11-30T14:03:20.050Z");
    expect(placeOf("2026-11-30T14:03:20.050Z")).toEqual({ day: "2026-11-30", ms: ms + 50 });
    expect(placeOf("2026-11-30T14:03Z")).toEqual({ day: "2026-11-30", ms: ms - 20_000 });
    expect(placeOf("2026-11-30")).toEqual({ day: "2026-11-30" });
    expect(placeOf("newest")).toEqual({});
    expect(clockOf(ms)).toBe("14:03:20");
  });

  it.each([
    "",
    "yesterday",
    "2026-02-30",
    "2026-13-01",
    "2026-11-30T25:00Z",
    "2026-11-30T14:61Z",
    "2026-11-30T14:03:20",
  ])("that is %j names none", (text) => expect(placeOf(text)).toBeUndefined());
});

describe("a day", () => {
  it("has at each moment the state before it", () => {
    expect([0, 1000, 1999, 4999, 5000, 99_999].map((ms) => indexAt(MOMENTS, ms))).toEqual([-1, 0, 0, 1, 2, 3]);
    expect(indexAt([], 5)).toBe(-1);
  });

  it("has nothing inside a hole, and the states at its ends", () => {
    expect([6000, 6001, 89_999, 90_000].map((ms) => holeAt(HOLES, MOMENTS, ms)?.why)).toEqual([
      undefined,
      "no recorder was running",
      "no recorder was running",
      undefined,
    ]);
    expect(holeAt(HOLES, [...MOMENTS.slice(0, 3), 7000, 90_000], 8000), "a state was recorded in it").toBeUndefined();
  });

  it("is stepped through from state to state", () => {
    expect([stepped(MOMENTS, 1500, 1), stepped(MOMENTS, 1500, -1), stepped(MOMENTS, 2000, -1)]).toEqual([
      2000, 1000, 1000,
    ]);
    expect([stepped(MOMENTS, 1000, -1), stepped(MOMENTS, 90_000, 1)]).toEqual([1000, 90_000]);
  });

  it("is played at a speed, over its holes, to its end", () => {
    const day = { holes: HOLES, moments: MOMENTS, last: 90_000 };
    expect(played(day, 1000, 100, 10)).toBe(2000);
    expect(played(day, 5000, 100, 60)).toBe(90_000);
    expect(played(day, 89_000, 1000, 300)).toBe(90_000);
  });
});
