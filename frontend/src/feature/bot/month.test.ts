import { expect, it } from "vitest";
import { hasWeekends, layOut, monthsOf } from "./month";
import type { DayBar } from "./span";

const bar = (day: string, net?: number): DayBar => ({ day, net, fills: 0, error: net === undefined ? "cut off" : "" });
const BARS = [
  bar("2022-05-30", 4),
  bar("2022-05-31", -1),
  bar("2022-08-01", -7.5),
  bar("2022-08-02", 2),
  bar("2022-08-05"),
];

it("names every month between the first and the last result", () => {
  expect(monthsOf(BARS)).toEqual(["2022-05", "2022-06", "2022-07", "2022-08"]);
  expect(monthsOf([])).toEqual([]);
});

it("starts weeks on Monday, leaves out what is of another month, and sums what there is", () => {
  const may = layOut(BARS, "2022-05", 5);
  expect(may.weeks.map(({ days }) => days.map((day) => day?.date))).toEqual([
    [2, 3, 4, 5, 6],
    [9, 10, 11, 12, 13],
    [16, 17, 18, 19, 20],
    [23, 24, 25, 26, 27],
    [30, 31, undefined, undefined, undefined],
  ]);
  expect(may.weeks.map(({ net }) => net)).toEqual([undefined, undefined, undefined, undefined, 3]);
  expect(may).toMatchObject({ net: 3, ups: 1, downs: 1, most: 4 });
  expect(layOut(BARS, "2022-06", 5)).toMatchObject({ net: undefined, ups: 0, downs: 0, most: 0 });
});

it("has seven days where a market has no weekend, and a day of an unreadable file without a result", () => {
  expect(hasWeekends(BARS)).toBe(false);
  expect(hasWeekends([bar("2022-05-29", 1)])).toBe(true);
  const may = layOut([bar("2022-05-01", 1)], "2022-05", 7);
  expect(may.weeks[0]?.days.map((day) => day?.date)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    1,
  ]);
  expect(may.weeks).toHaveLength(6);
  const august = layOut(BARS, "2022-08", 5).weeks[0];
  expect(august?.days[4]?.bar?.error).toBe("cut off");
  expect(august?.net).toBe(-5.5);
});
