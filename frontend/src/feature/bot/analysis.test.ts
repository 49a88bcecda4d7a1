import { expect, test } from "vitest";
import type { Analysis } from "../../api/schema";
import { lineOf, rowsOf, spanText } from "./analysis";

const found = {
  currency: "USD",
  hours: { "09": { trades: 2, wins: 1, net: -3 }, "10": { trades: 1, wins: 1, net: 4 } },
  reasons: { "stop at …": { trades: 3, wins: 0, net: -9 }, target: { trades: 1, wins: 1, net: 5 } },
  results: [
    { low: -50, high: 0, trades: 3 },
    { low: 0, high: 50, trades: 1 },
  ],
  sides: { buy: { trades: 4, wins: 1, net: -4 } },
} as unknown as Analysis;

test("hours stand in order though an object puts 10 before 09", () => {
  expect(rowsOf(found, "Hour").map(({ name }) => name)).toEqual(["09:00", "10:00"]);
});

test("results say their bounds and on which side of zero they lie", () => {
  expect(rowsOf(found, "Result").map(({ name, sign }) => [name, sign])).toEqual([
    ["−50.00 to 0.00", -50],
    ["0.00 to 50.00", 0],
  ]);
});

test("groups keep the server's order, and sides are called long and short", () => {
  expect(rowsOf(found, "Exit reason").map(({ name }) => name)).toEqual(["stop at …", "target"]);
  expect(rowsOf(found, "Side")[0]).toMatchObject({ name: "Long", trades: 4, net: -4 });
  expect(rowsOf(found, "Weekday")).toEqual([]);
});

test("a line spans its days and shows where zero is", () => {
  const line = lineOf({ "2024-01-03": -1, "2024-01-01": 1, "2024-01-02": 0 }, 100, 40);
  expect(line).toEqual({ points: "0.0,0.0 50.0,20.0 100.0,40.0", zero: 20, lowest: -1, highest: 1 });
  expect(lineOf({ "2024-01-01": 1 }, 100, 40)).toBeUndefined();
  expect(lineOf({ "2024-01-01": 0, "2024-01-02": 0 }, 100, 40)?.zero).toBe(0);
});

test.each([
  [45, "45 s"],
  [720, "12 min"],
  [5400, "1.5 h"],
  [86_400, "1 day"],
  [2 * 86_400, "2 days"],
  [undefined, ""],
])("%s seconds are %s", (seconds, text) => {
  expect(spanText(seconds)).toBe(text);
});
