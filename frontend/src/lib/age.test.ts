import { describe, expect, it } from "vitest";
import { age, brief, coarse, due, tickOf } from "./age";

const S = 1000;
const MIN = 60 * S;
const H = 60 * MIN;
const D = 24 * H;

describe("age", () => {
  it.each([
    [400, "0.4 s"],
    [9_990, "9.9 s"],
    [10 * S, "10 s"],
    [42.9 * S, "42 s"],
    [13 * MIN + 2 * S, "13 min 02 s"],
    [59 * MIN + 59 * S, "59 min 59 s"],
    [5 * H + 28 * MIN, "5 h 28 min"],
    [5 * H + 4 * MIN, "5 h 04 min"],
    [3 * D + 4 * H, "3 d 4 h"],
    [-50, "0.0 s"],
  ])("of %d ms is %s", (ms, text) => {
    expect(age(ms)).toBe(text);
  });

  it("in whole minutes leaves out seconds", () => {
    expect(coarse(58 * MIN + 40 * S)).toBe("58 min");
    expect(coarse(10 * H + 58 * MIN)).toBe("10 h 58 min");
    expect(coarse(30 * S)).toBe("0 min");
  });

  it("in a chip has one unit", () => {
    expect([7.9 * S, 13 * MIN + 59 * S, 5 * H, 3 * D + 20 * H].map(brief)).toEqual(["7 s", "13 min", "5 h", "3 d"]);
  });

  it("of what is due turns into overdue", () => {
    expect(due(58 * S)).toBe("in 58 s");
    expect(due(0)).toBe("in 0.0 s");
    expect(due(-6.2 * S)).toBe("overdue 6.2 s");
  });

  it("ticks at the rate of its last digit", () => {
    expect(tickOf(400)).toBe(100);
    expect(tickOf(42 * S)).toBe(S);
    expect(tickOf(13 * MIN)).toBe(S);
    expect(tickOf(5 * H)).toBeGreaterThan(S);
    for (const ms of [400, 42 * S, 13 * MIN, 5 * H, 3 * D]) {
      expect(age(ms + tickOf(ms) / 2 - 1).length).toBeGreaterThan(0);
    }
  });
});

it("an age that nobody knows is none, and never young", () => {
  expect(age(-400)).toBe("0.0 s");
  for (const ms of [Number.NaN, -5000, -3_600_000, Number.NEGATIVE_INFINITY]) expect(age(ms)).toBe("an unknown time");
});
