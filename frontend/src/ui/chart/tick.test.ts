import { describe, expect, it } from "vitest";
import { timeLabels, valueRange } from "./plot";
import { tickDecimals, timeTicks, valueTicks } from "./tick";

const at = (iso: string): number => Date.parse(iso) / 1000;

describe("value ticks", () => {
  it.each([
    [-0.0106, 0.0017],
    [-0.3, 0.45],
    [-0.00021, 0.00003],
    [0, 0.02],
    [-5, 12],
    [-0.0001, 0.0001],
  ])("of %d..%d are two to four at 1, 2, 2.5 or 5", (low, high) => {
    const ticks = valueTicks(low, high);
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    expect(ticks.length).toBeLessThanOrEqual(4);
    const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
    const first = step / 10 ** Math.floor(Math.log10(step) + 1e-9);
    expect([1, 2, 2.5, 5].some((each) => Math.abs(each - first) < 1e-6)).toBe(true);
    for (const tick of ticks) expect(tick >= low - step * 1e-6 && tick <= high + step * 1e-6).toBe(true);
  });

  it("hold zero where the range does", () => {
    expect(valueTicks(-0.01, 0.013).some((tick) => Object.is(tick, 0))).toBe(true);
  });

  it("of no range are finite", () => {
    expect(valueTicks(0, 0)).toEqual([0]);
    expect(valueTicks(Number.NaN, 1)).toHaveLength(1);
  });

  it("have as few decimals as tell them apart", () => {
    expect(tickDecimals([-0.01, 0, 0.01])).toBe(0);
    expect(tickDecimals([0, 0.005])).toBe(1);
    expect(tickDecimals([0, 0.0025])).toBe(2);
  });
});

describe("time ticks", () => {
  it("of a session stand on whole steps", () => {
    const { at: ticks, unit } = timeTicks(at("2022-05-19T13:30:00Z"), at("2022-05-19T20:00:00Z"), 5);
    expect(unit).toBe("minute");
    expect(ticks.length).toBeLessThanOrEqual(5);
    for (const tick of ticks) expect(tick % 3600).toBe(0);
  });

  it("of a year stand on months and name the year where it changes", () => {
    const [from, to] = [at("2021-05-19T20:00:00Z"), at("2022-05-18T20:00:00Z")];
    const { at: ticks, unit } = timeTicks(from, to, 5);
    expect(unit).toBe("month");
    expect(timeLabels(ticks, from, to, 5)).toEqual(["Jul 21", "Oct", "Jan 22", "Apr"]);
  });

  it("of weeks stand on days", () => {
    const [from, to] = [at("2022-05-02T00:00:00Z"), at("2022-05-12T00:00:00Z")];
    const { at: ticks, unit } = timeTicks(from, to, 6);
    expect(unit).toBe("day");
    expect(timeLabels(ticks, from, to, 6)[0]).toMatch(/^\d+ May$/);
  });

  it("of one point are that point", () => {
    expect(timeTicks(5, 5, 5).at).toEqual([5]);
  });
});

it("the value range holds zero and both lines, with room, also when all is flat", () => {
  const flat = { xs: [0, 1], bot: [0, 0], hold: [null, null], start: 1, daily: false };
  const [low, high] = valueRange(flat);
  expect(low).toBeLessThan(0);
  expect(high).toBeGreaterThan(0);
  const [below, above] = valueRange({ ...flat, bot: [0.02, null], hold: [-0.05, 0] });
  expect(below).toBeLessThan(-0.05);
  expect(above).toBeGreaterThan(0.02);
});
