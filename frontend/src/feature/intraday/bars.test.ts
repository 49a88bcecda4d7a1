import { describe, expect, it } from "vitest";
import type { Fill, SymbolView } from "../../api/schema";
import { sparse } from "../../lib/fixture";
import { barStep, fillMarks, missingTimes, readBars, vwap } from "./bars";
import { byStrength, featureText, filterSymbols } from "./symbols";

const iso = (minute: number): string => new Date(Date.UTC(2022, 4, 19, 13, 30 + minute)).toISOString();
const at = (minute: number): number => Date.parse(iso(minute)) / 1000;
const FILE = {
  [iso(2)]: [10, 12, 9, 11, 300],
  [iso(1)]: [10, 11, 10, 10, 100],
  [iso(5)]: [11, 11, 11, 11, 0],
  soon: [1, 1, 1, 1, 1],
  [iso(6)]: [1, 2],
};

describe("bars of a day file", () => {
  const bars = readBars(FILE);

  it("are in order of time, without what is no bar", () => {
    expect(bars.map((bar) => bar.time)).toEqual([at(1), at(2), at(5)]);
    expect(readBars(undefined)).toEqual([]);
  });

  it("leave a slot for each that is missing, and fill none", () => {
    const minutes = readBars(Object.fromEntries([1, 2, 3, 6, 7].map((minute) => [iso(minute), [1, 1, 1, 1, 1]])));
    expect(barStep(minutes)).toBe(60);
    expect(missingTimes(minutes)).toEqual([at(4), at(5)]);
  });

  it("have an average weighted by volume, none before any volume", () => {
    expect(vwap(bars).map((point) => point.value)).toEqual([
      expect.closeTo(31 / 3),
      expect.closeTo((31 / 3 + 32) / 4),
      expect.closeTo((31 / 3 + 32) / 4),
    ]);
    expect(vwap([{ time: 1, open: 1, high: 1, low: 1, close: 1, volume: 0 }])).toEqual([]);
  });

  it("carry a mark a side for the fills inside them", () => {
    const fill = (minute: number, side: "buy" | "sell", symbol = "A", bar?: number): Fill =>
      sparse<Fill>({
        ts: iso(minute),
        symbol,
        side,
        quantity: 1,
        price: 1,
        ...(bar === undefined ? {} : { bar: { ts: iso(bar) } }),
      });
    const fills = {
      f1: fill(1, "buy", "A", 2), // at the open of the second bar, which is the close of the first
      f2: fill(2, "buy"),
      f3: fill(4, "sell"),
      f4: fill(2, "buy", "B"),
      f5: fill(9, "buy"),
    };
    expect(fillMarks(bars, fills, "A")).toEqual([
      { time: at(2), side: "buy" },
      { time: at(5), side: "sell" },
    ]);
  });
});

describe("symbols", () => {
  const signal = (action: string, confidence: number) => ({ ts: "x", action, confidence, reason: `because ${action}` });
  const SYMBOLS = sparse<Record<string, SymbolView>>({
    A: { signal: signal("hold", 0.9) },
    B: { signal: signal("buy", 0.2) },
    C: {},
    D: { signal: signal("sell", 0.6), exchange: "XLON" },
  });

  it("stand by strength, those that ask for something first, those without a signal last", () => {
    expect(byStrength(SYMBOLS).map(([name]) => name)).toEqual(["D", "B", "A", "C"]);
  });

  it("are filtered by words in any field", () => {
    expect(filterSymbols(byStrength(SYMBOLS), "because hold").map(([name]) => name)).toEqual(["A"]);
    expect(filterSymbols(byStrength(SYMBOLS), "xlon").map(([name]) => name)).toEqual(["D"]);
    expect(filterSymbols(byStrength(SYMBOLS), "")).toHaveLength(4);
  });

  it("have features with as many decimals as tell them apart", () => {
    expect([12, 1234.56, 256.2134, 0.01234, 0.000123, -0.5].map(featureText)).toEqual([
      "12",
      "1,234.6",
      "256.21",
      "0.0123",
      "0.00012",
      "\u22120.5000",
    ]);
  });
});
