import { describe, expect, it } from "vitest";
import type { BotView, Fill, Hours, Position, SymbolView } from "../../api/schema";
import { sparse } from "../../lib/fixture";
import { bands, hoursOf, hoursText, slots, withHalts } from "./band";
import { barStep, fillMarks, readBars, vwap, withNewest } from "./bars";
import { holdingText, levelsOf, ofDay } from "./level";
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
    expect(slots(minutes, undefined)).toEqual([1, 2, 3, 4, 5, 6, 7].map(at));
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

describe("a day's time without trading", () => {
  const minute = (from: number, count: number): [string, number[]][] =>
    Array.from({ length: count }, (_, index) => [iso(from + index), [1, 2, 1, 2, 5]]);
  const bars = readBars(Object.fromEntries([...minute(1, 5), ...minute(40, 3)]));
  const hours = sparse<Hours>({
    opens_at: iso(0),
    closes_at: iso(60),
    break_start: iso(20),
    break_end: iso(30),
    half_day: true,
  });
  const spans = (found: ReturnType<typeof bands>) => found.map(({ from, to, word }) => [from, to, word]);

  it("has a slot a minute from before the open to after the close, so that an early chart has the width of its day", () => {
    const times = slots(bars, hours);
    expect([times[0], times.at(-1), times.length]).toEqual([at(-3), at(63), 67]);
    expect(slots(bars, undefined)).toHaveLength(42);
    expect(slots([], hours)).toEqual([]);
  });

  it("has the halts of one symbol among those of its market", () => {
    const hours = sparse<Hours>({ opens_at: iso(0), closes_at: iso(60), halts: { [iso(2)]: iso(4) } });
    const own = withHalts(hours, { [iso(10)]: iso(20) });
    const halts = bands(bars, own).filter((band) => band.kind === "halt");
    expect(halts.map(({ from, to }) => [from, to])).toEqual([
      [at(2), at(4)],
      [at(10), at(20)],
    ]);
    expect(withHalts(hours, undefined)).toBe(hours);
    expect(withHalts(undefined, {})).toBeUndefined();
  });

  it("has slots of longer bars counted from each of them, because lunch and the close cut the last one short", () => {
    const hourly = [60, 120, 150, 270, 330].map((each): [string, number[]] => [iso(each), [1, 2, 1, 2, 5]]);
    const found = slots(readBars(Object.fromEntries(hourly)), {
      ...hours,
      break_start: iso(150),
      break_end: iso(210),
      closes_at: iso(400),
    });
    expect(found).toEqual([-60, 0, 60, 120, 150, 210, 270, 330, 390, 400, 460].map(at));
  });

  it("is pre-open, lunch, what is still to come, and after the close", () => {
    expect(spans(bands(bars, hours, "open"))).toEqual([
      [at(-3), at(0), "pre"],
      [at(20), at(30), "lunch"],
      [at(42), at(60), "half day"],
      [at(60), at(63), "half day"],
    ]);
    expect(bands(bars, undefined).map((band) => band.word)).toEqual(["no bars"]);
    expect(bands(bars, hours, "halt").map((band) => band.word)).toContain("halted");
    expect(bands(bars, { ...hours, opens_at: iso(3) })[0]).toMatchObject({ word: "pre", to: at(3) });
  });

  it("has nothing to come on a day that is over: the rest had no bars", () => {
    const whole = { ...hours, break_start: undefined, break_end: undefined, half_day: false };
    expect(spans(bands(bars, whole))).toEqual([
      [at(-3), at(0), "pre"],
      [at(5), at(39), "no bars"],
      [at(42), at(60), "no bars"],
      [at(60), at(63), "closed"],
    ]);
  });

  it("is a halt where the market was halted, and no gap beside it", () => {
    const halted = { ...hours, break_start: undefined, break_end: undefined, halts: { [iso(5)]: iso(39) } };
    expect(spans(bands(bars, halted, "open"))).toContainEqual([at(5), at(39), "halt"]);
    expect(bands(bars, halted, "open").map((band) => band.word)).not.toContain("no bars");
    expect(hoursText(halted)).toBe("Session 13:30 to 14:30 UTC, half day, halted 13:35 to 14:09.");
    expect(hoursText(hours)).toBe("Session 13:30 to 14:30 UTC, lunch 13:50 to 14:00, half day.");
    expect(hoursText(undefined)).toBe("");
    expect(spans(bands(bars, { ...hours, halts: { soon: iso(9), [iso(9)]: iso(8) } }))).toHaveLength(4);
  });

  it("takes no hours of another day for those of the bars", () => {
    const next = { ...hours, opens_at: iso(60 * 24), closes_at: iso(60 * 25) };
    expect(hoursOf(bars, next)).toBeUndefined();
    expect(hoursOf(bars, hours)).toBe(hours);
  });
});

describe("the newest bar of a snapshot", () => {
  const bars = readBars(Object.fromEntries([1, 2, 3].map((each) => [iso(each), [1, 1, 1, 1, 1]])));
  const bar = (each: number) => ({ ts: iso(each), open: 1, high: 2, low: 1, close: 2, volume: 9 });

  it("goes on where it follows, and never over a hole", () => {
    expect(withNewest(bars, bar(4)).at(-1)).toMatchObject({ time: at(4), close: 2 });
    expect(withNewest(bars, bar(3))).toBe(bars);
    expect(withNewest(bars, bar(7))).toBe(bars);
    expect(withNewest([], bar(1))).toEqual([]);
    expect(withNewest(bars, undefined)).toBe(bars);
  });
});

it("levels are those that are known", () => {
  const position = sparse<Position>({ quantity: 1, average_price: 10, stop_loss: 9 });
  expect(levelsOf(position, { range_high: 12 }).map(({ name, value }) => `${name} ${value}`)).toEqual([
    "entry 10",
    "stop 9",
    "range high 12",
  ]);
  expect(levelsOf(undefined, undefined)).toEqual([]);
  expect(holdingText(position)).toBe("1 held at 10.00.");
  expect(holdingText({ ...position, quantity: -197 })).toBe("\u2212197 short at 10.00.");
  expect(holdingText(undefined)).toBe("No open positions.");
});

describe("a bot of which the bundle has a part", () => {
  const held: Position = { quantity: 5, average_price: 10 };
  const fill = sparse<Fill>({ ts: iso(1), symbol: "A", side: "buy", quantity: 1, price: 10 });
  const whole = sparse<BotView>({ positions: { A: held }, positions_total: 1, fills: { f1: fill }, more: {} });
  const part = sparse<BotView>({
    positions: { A: held },
    positions_total: 3,
    fills: { f9: fill },
    more: { positions: "/p", fills: "/f" },
  });
  const file = { positions: { A: { ...held, quantity: 4 }, B: held }, fills: { f1: fill } };

  it("holds what the pushed part says, and what the day file says of the rest", () => {
    expect(ofDay(part, file, "A").position?.quantity).toBe(5);
    expect(ofDay(part, file, "B")).toMatchObject({ position: held, isKnown: true });
    expect(ofDay(part, file, "C")).toMatchObject({ position: undefined, isKnown: true });
    expect(Object.keys(ofDay(part, file, "A").fills ?? {})).toEqual(["f1", "f9"]);
  });

  it("is not said to hold nothing before the day file is there", () => {
    expect(ofDay(part, undefined, "B")).toMatchObject({ position: undefined, isKnown: false });
    expect(ofDay(part, undefined, "A").isKnown).toBe(true);
  });

  it("is all there where nothing was left out: an older file adds nothing", () => {
    expect(ofDay(whole, file, "B")).toMatchObject({ position: undefined, isKnown: true });
    expect(ofDay(whole, file, "A").fills).toEqual({ f1: fill });
  });
});
