import { describe, expect, it } from "vitest";
import type { BotView, Fill } from "../../api/schema";
import { bundleFixture, sparse } from "../../lib/fixture";
import { difference, fillMarks, lastOf, readSeries, rebalanceTimes, type Series, valueAt, whyNone } from "./curve";
import { lunchOf, sceneOf, windowEnd } from "./scene";

const bot = (curve: Record<string, number>, more: Partial<BotView> = {}): BotView =>
  sparse<BotView>({
    bot: "b",
    kind: "intraday",
    file: "f",
    mode: "replay",
    run: "1",
    as_of: "2022-05-19T14:00:00Z",
    currency: "USD",
    equity: 100,
    equity_curve: curve,
    ...more,
  });

const minute = (index: number): string => new Date(Date.UTC(2022, 4, 19, 13, 30 + index)).toISOString();
const minutes = (values: (number | undefined)[]): Record<string, number> =>
  Object.fromEntries(values.flatMap((value, index) => (value === undefined ? [] : [[minute(index), value]])));

describe("readSeries", () => {
  it("says truly why there is nothing to draw", () => {
    for (const values of [
      [-1000, -100],
      [0, 0],
    ]) {
      expect(readSeries(bot(minutes(values)))).toBeUndefined();
      expect(whyNone(bot(minutes(values)))).toMatch(/equity starts at 0 or below/);
    }
    expect(whyNone(bot({}))).toMatch(/^No curve yet/);
  });

  it("measures both lines against the start equity", () => {
    const series = readSeries(bot(minutes([100, 101]), { start_equity: 100, hold_curve: minutes([100, 99]) }));
    expect(series?.bot[1]).toBeCloseTo(0.01);
    expect(series?.hold[1]).toBeCloseTo(-0.01);
    expect(series?.since).toBeUndefined();
  });

  it("without a start equity measures each line against its own first point, and says so", () => {
    const series = readSeries(bot(minutes([200, 210]), { hold_curve: minutes([50, 55]) }));
    expect(series?.bot).toEqual([0, expect.closeTo(0.05)]);
    expect(series?.hold).toEqual([0, expect.closeTo(0.1)]);
    expect(series?.since).toBe(Date.parse(minute(0)) / 1000);
  });

  it("leaves a gap where minutes are missing and invents no value", () => {
    const series = readSeries(bot(minutes([100, 101, 102, undefined, undefined, 103, 104]), { start_equity: 100 }));
    expect(series?.bot.filter((value) => value === null)).toHaveLength(1);
    expect(series?.bot.filter((value) => value !== null)).toHaveLength(5);
    expect(series?.xs).toEqual([...(series?.xs ?? [])].sort((a, b) => a - b));
  });

  it("does not take weekends for gaps", () => {
    const series = readSeries(bundleFixture(0).swing.bots?.swing_1w as BotView);
    expect(series?.daily).toBe(true);
    expect(series?.bot).not.toContain(null);
  });

  it("has nothing to draw without a point, and skips what is no time or no number", () => {
    expect(readSeries(bot({}))).toBeUndefined();
    expect(readSeries(bot({ someday: 5, [minute(0)]: Number.NaN }))).toBeUndefined();
    expect(readSeries(bot(minutes([100]), { start_equity: 100 }))?.xs).toHaveLength(1);
  });
});

describe("difference", () => {
  const series = (own: (number | null)[], hold: (number | null)[]): Series => ({
    xs: own.map((_, index) => index),
    bot: own,
    hold,
    start: 1,
    daily: false,
  });

  it("is cut where the lines cross", () => {
    const areas = difference(series([0, 2, 0], [1, 1, 1]));
    expect(areas.map((area) => area.side)).toEqual(["behind", "ahead", "behind"]);
    expect(areas[1]?.corners).toContainEqual([0.5, 1]);
    expect(areas[1]?.corners).toContainEqual([1.5, 1]);
  });

  it("stops at a gap and where hold is not known", () => {
    expect(difference(series([2, 2, null, 2, 2], [1, 1, null, 1, 1]))).toHaveLength(2);
    expect(difference(series([2, 2], [null, null]))).toEqual([]);
  });

  it("of equal lines is nothing", () => {
    expect(difference(series([1, 1], [1, 1]))).toEqual([]);
  });
});

describe("points on the line", () => {
  const series: Series = { xs: [0, 10, 15, 20], bot: [0, 1, null, 3], hold: [0, 0, null, 0], start: 1, daily: false };

  it("lie on the segment of their neighbours, never in a gap or outside", () => {
    expect(valueAt(series, 5)).toBeCloseTo(0.5);
    expect(valueAt(series, 10)).toBe(1);
    expect(valueAt(series, 20)).toBe(3);
    expect(valueAt(series, 17)).toBeUndefined();
    expect(valueAt(series, -1)).toBeUndefined();
    expect(valueAt(series, 21)).toBeUndefined();
  });

  it("last value is the last that is one", () => {
    expect(lastOf([1, 2, null])).toBe(2);
    expect(lastOf([null])).toBeUndefined();
  });

  it("a fill outside the curve has no mark; fills of one rebalance share a tick", () => {
    const fill = (ms: number): Fill =>
      sparse<Fill>({
        ts: new Date(ms).toISOString(),
        symbol: "A",
        side: "buy" as const,
        quantity: 1,
        price: 1,
      });
    expect(fillMarks(series, { f1: fill(5000), f2: fill(99_000) })).toEqual([{ x: 5, y: 0.5, side: "buy" }]);
    expect(rebalanceTimes({ f1: fill(5000), f2: fill(5000), f3: fill(1000) })).toEqual([1, 5]);
  });
});

describe("the scene", () => {
  const wall = Date.now();
  const bundle = bundleFixture(wall);

  it("shows a young session in a window that grows to its close", () => {
    expect(windowEnd(0, 600, 23_400)).toBe(5400);
    expect(windowEnd(0, 7200, 23_400)).toBe(10_800);
    expect(windowEnd(0, 23_000, 23_400)).toBe(23_400);
    expect(windowEnd(0, 600, undefined)).toBe(600);
  });

  it("draws lunch where the curve has none, also of the day before", () => {
    const momo = bundle.intraday.bots?.momo_hk as BotView;
    const scene = sceneOf(momo, { clock: bundle.clock, session: bundle.sessions?.XHKG, held: false });
    expect(scene?.bands).toContainEqual({
      from: Date.parse("2022-05-19T04:00:00Z") / 1000,
      to: Date.parse("2022-05-19T05:00:00Z") / 1000,
      kind: "closed",
      word: "lunch",
    });
    const through = ["03:00", "04:10", "04:30", "05:10"].map((time) => Date.parse(`2022-05-19T${time}:00Z`) / 1000);
    expect(lunchOf(bundle.sessions?.XHKG, through)).toBeUndefined();
  });

  it("marks now, what is to come and what is missing", () => {
    const vwap = bundle.intraday.bots?.vwap_ldn as BotView;
    const problem = { kind: "incomplete" as const, file: "f", reason: "r", since: "2022-05-19T14:26:00Z" };
    const scene = sceneOf(vwap, { clock: bundle.clock, session: bundle.sessions?.XLON, problem, held: true });
    expect(scene?.bands.map((band) => band.kind).sort()).toEqual(["ahead", "missing"]);
    expect(scene?.now).toBe(Date.parse("2022-05-19T14:32:00Z") / 1000);
    expect(scene?.held).toBe(true);
    expect(scene?.to).toBe(Date.parse("2022-05-19T15:30:00Z") / 1000);
  });

  it("gives one point alone a width to stand in", () => {
    const scene = sceneOf(bot(minutes([100]), { start_equity: 100 }), { held: false });
    expect((scene?.to ?? 0) - (scene?.from ?? 0)).toBeGreaterThan(0);
  });
});
