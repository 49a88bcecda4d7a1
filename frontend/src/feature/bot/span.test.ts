import { describe, expect, it } from "vitest";
import type { BotDays, BotView, Chain } from "../../api/schema";
import { bundleFixture, sparse } from "../../lib/fixture";
import { readSeries, type Series } from "../../ui/chart/curve";
import { sumsOf } from "./chain";
import { marketLine } from "./clocks";
import { barWords, type DayBar, dayBars, deepest, falls, runView, stretches } from "./span";
import { targetRows } from "./targets";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const ORB = bundleFixture(NOW).intraday.bots?.orb_ny as BotView;
const series = (bot: (number | null)[]): Series => ({ xs: bot.map((_, i) => i), bot, hold: [], start: 1, daily: true });

describe("the fall from the peak", () => {
  it("is measured from the start or any later peak, on equity and not on the return", () => {
    const values = falls(series([0, 0.25, 0, null, 0.5, 0.35]));
    expect(values.map((value) => (value === null ? null : Number(value.toFixed(6))))).toEqual([
      0,
      0,
      -0.2,
      null,
      0,
      -0.1,
    ]);
    expect(deepest(values)?.index).toBe(2);
    expect(falls(series([-0.1]))[0]).toBeCloseTo(-0.1);
    expect(deepest(falls(series([0, 0.1])))).toBeUndefined();
  });
});

describe("the fall's curve", () => {
  it("breaks its line at a gap and bridges the ground under it between the values around it", () => {
    expect(stretches([0, 1, 2, 3, 4, 5], [-0.1, -0.2, null, -0.3, null, -0.25])).toEqual([
      { kind: "known", points: [[0, -0.1], [1, -0.2]] },
      { kind: "bridge", points: [[1, -0.2], [3, -0.3]] },
      { kind: "known", points: [[3, -0.3]] },
      { kind: "bridge", points: [[3, -0.3], [5, -0.25]] },
      { kind: "known", points: [[5, -0.25]] },
    ]); // biome-ignore format: a stretch a line
    expect(stretches([0, 1], [null, null])).toEqual([]);
    expect(stretches([0, 1, 2], [null, 0, 0])).toEqual([{ kind: "known", points: [[1, 0], [2, 0]] }]); // biome-ignore format: one
  });
});

const DAYS = sparse<BotDays>({
  days: {
    "2022-05-20": { equity: 99, hold_equity: 101, pnl: { gross: 1, fees: 0.5, slippage: 0.25, net: 0.25 }, fills: 2 },
    "2022-05-19": { fills: 0, error: "torn" },
    "2022-05-18": { equity: 98, fills: 1 },
    "2022-05-17": { equity: 100, hold_equity: 100, fills: 0 },
  },
});

describe("days", () => {
  it("stand oldest first, and one that cannot be read has no figure", () => {
    const bars = dayBars(DAYS);
    expect(bars.map((bar) => bar.day)).toEqual(["2022-05-17", "2022-05-18", "2022-05-19", "2022-05-20"]);
    expect(bars[2]).toMatchObject({ error: "torn", net: undefined });
    expect(dayBars(undefined)).toEqual([]);
  });

  it("are told without the days that have no result", () => {
    const bar = (day: string, net?: number): DayBar => ({ day, net, fills: 0, error: "" }) as DayBar;
    expect(barWords([bar("a"), bar("b", 2), bar("c", 5)], { currency: "USD" })).toBe(
      "Net result of 2 days in USD: best +5.00 on c, worst +2.00 on b",
    );
    expect(barWords([bar("a")], { currency: "USD" })).toBe("1 day without a result");
  });

  it("make a curve of the run of an intraday bot, with no point that no file holds", () => {
    const view = runView(ORB, DAYS);
    expect(Object.values(view?.equity_curve ?? {})).toEqual([100, 98, 99]);
    expect(readSeries(view as BotView)?.hold.filter((value) => value !== null)).toHaveLength(2);
    expect(runView({ ...ORB, kind: "swing" }, DAYS)).toBeUndefined();
    expect(runView(ORB, sparse<BotDays>({ days: { "2022-05-18": { equity: 1 } } }))).toBeUndefined();
  });
});

it("sums of a chain's fills lead from what the exits realized to the trade's net", () => {
  const chain = sparse<Chain>({
    fills: { a: { fee: 1.1, slippage: 0.2 }, b: { fee: 0.4, slippage: 0.1, realized_pnl: 9.6 } },
  });
  expect(sumsOf(chain)).toEqual({ fees: 1.5, slippage: 0.3, entryFees: 1.1, realized: 9.6 });
  expect(sumsOf(sparse<Chain>({}))).toEqual({ fees: 0, slippage: 0, entryFees: 0 });
});

it("targets stand by rank, with what only has to go at the end and no weight where there is no mark", () => {
  const bot = sparse<BotView>({
    targets: { B: { weight: 0.3, rank: 2 }, A: { weight: 0.4, rank: 1 } },
    positions: { C: { quantity: 1, weight: 0.2 }, A: { quantity: 1 } },
    preview: { as_of: "", orders: { C: { side: "sell", quantity: 1, price: 1, value: 1, weight: 0 } } },
  });
  const rows = targetRows(bot);
  expect(rows.map((row) => row.symbol)).toEqual(["A", "B", "C"]);
  expect(rows.map((row) => row.gap)).toEqual([undefined, -0.3, 0.2]);
  expect(rows[2]?.order?.side).toBe("sell");
});

describe("clocks", () => {
  const market = Date.parse(ORB.as_of) + 30_000;

  it("call market data good only while it keeps up with an open session", () => {
    const open = sparse<Parameters<typeof marketLine>[2] & object>({ state: "open" });
    expect(marketLine(ORB, market, open, false).tone).toBe("well");
    expect(marketLine(ORB, market + 300_000, open, false)).toMatchObject({ tone: "attention", icon: "clock" });
    expect(marketLine(ORB, market + 300_000, { ...open, state: "lunch" }, false).tone).toBe("calm");
    expect(marketLine(ORB, market, open, true)).toMatchObject({ tone: "attention", icon: "clock" });
    expect(marketLine({ ...ORB, as_of: "never" }, market, open, false).tone).toBe("attention");
    expect(marketLine({ ...ORB, foreign: true }, market, open, false).tone).toBe("calm");
  });
});
