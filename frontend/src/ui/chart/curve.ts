/**
 * From a bot's curves to what a chart draws. Pure. x in seconds of market time, y as a fraction of the start.
 * Nothing is invented: no point that no file holds, and what is missing between two points is a gap.
 */

import type { BotView, Fill } from "../../api/schema";
import { isNumber } from "../../lib/money";
import { instant } from "../../lib/time";

const DAY_S = 86_400;
const DAILY_GAP_S = 8 * DAY_S; // beyond any run of holidays: a hole in a daily curve

export interface Series {
  /** Market times, s; strictly rising. A gap is one extra time at which both series are null. */
  xs: number[];
  /** Return of the bot since `start`, a fraction. */
  bot: (number | null)[];
  /** Return of the same names bought and held; null where no file says. */
  hold: (number | null)[];
  /** Equity that both are measured against. */
  start: number;
  /** Market time of the first point, s; set when the file names no start equity and the first point stands in. */
  since?: number;
  /** True for one point a day or less. */
  daily: boolean;
}

function median(sorted: number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Why no curve of `bot` is drawn. */
export function whyNone(bot: BotView): string {
  return Object.keys(bot.equity_curve ?? {}).length > 0
    ? "No curve: the equity starts at 0 or below, so there is no return to show."
    : "No curve yet. It starts with the first equity value in the file.";
}

/** Read the curves of `bot`; undefined when there is no point to draw. */
export function readSeries(bot: BotView): Series | undefined {
  const rows: [number, number, number | null][] = [];
  for (const [iso, equity] of Object.entries(bot.equity_curve ?? {})) {
    const ms = instant(iso);
    const hold = bot.hold_curve?.[iso];
    if (ms !== undefined && isNumber(equity)) rows.push([ms / 1000, equity, isNumber(hold) ? hold : null]);
  }
  rows.sort((a, b) => a[0] - b[0]);
  const first = rows[0];
  if (!first) return undefined;
  const named = isNumber(bot.start_equity) && bot.start_equity > 0;
  const start = named ? (bot.start_equity as number) : first[1];
  if (start <= 0) return undefined;
  const firstHold = rows.find((row) => row[2] !== null)?.[2];
  const holdStart = named ? start : (firstHold ?? start);

  const steps = rows.slice(1).map((row, index) => row[0] - (rows[index]?.[0] ?? 0));
  const usual = median([...steps].sort((a, b) => a - b));
  const daily = usual > DAY_S / 2;
  const gap = Math.max(daily ? DAILY_GAP_S : 0, usual * (daily || isCut(bot) ? 6 : 1.5));

  const series: Series = { xs: [], bot: [], hold: [], start, daily, ...(named ? {} : { since: first[0] }) };
  let before: number | undefined;
  for (const [x, equity, hold] of rows) {
    if (x === before) continue;
    if (before !== undefined && gap > 0 && x - before > gap) {
      series.xs.push(before + (x - before) / 2);
      series.bot.push(null);
      series.hold.push(null);
    }
    series.xs.push(x);
    series.bot.push(equity / start - 1);
    series.hold.push(hold === null ? null : hold / holdStart - 1);
    before = x;
  }
  return series;
}

/** True when the desk sent fewer points than the file has: the distance of two points then says less. */
function isCut(bot: BotView): boolean {
  return bot.more?.curve !== undefined;
}

/** Last value of a series that is a value. */
export function lastOf(values: readonly (number | null)[]): number | undefined {
  for (let index = values.length - 1; index >= 0; index -= 1) {
    const value = values[index];
    if (isNumber(value)) return value;
  }
  return undefined;
}

export interface Area {
  side: "ahead" | "behind";
  /** Corners in order, x and y in units of the series. */
  corners: [number, number][];
}

/** The space between bot and hold, cut where they cross: `ahead` where the bot is above. */
export function difference(series: Series): Area[] {
  const areas: Area[] = [];
  let top: [number, number][] = []; // the bot's side of the polygon
  let base: [number, number][] = []; // hold's side
  let side: Area["side"] | undefined;
  const close = (): void => {
    if (side && top.length > 1) areas.push({ side, corners: [...top, ...base.reverse()] });
    top = [];
    base = [];
    side = undefined;
  };
  for (let index = 0; index < series.xs.length; index += 1) {
    const x = series.xs[index] as number;
    const bot = series.bot[index];
    const hold = series.hold[index];
    if (!isNumber(bot) || !isNumber(hold)) {
      close();
      continue;
    }
    const now: Area["side"] | undefined = bot === hold ? undefined : bot > hold ? "ahead" : "behind";
    const lastBot = top.at(-1);
    const lastHold = base.at(-1);
    if (side && now && now !== side && lastBot && lastHold) {
      const gapBefore = lastBot[1] - lastHold[1];
      const gapNow = bot - hold;
      const part = gapBefore / (gapBefore - gapNow);
      const crossing: [number, number] = [lastBot[0] + (x - lastBot[0]) * part, lastBot[1] + (bot - lastBot[1]) * part];
      top.push(crossing);
      base.push([...crossing]);
      close();
      top = [crossing];
      base = [[...crossing]];
    }
    side ??= now;
    if (now) side = now;
    top.push([x, bot]);
    base.push([x, hold]);
  }
  close();
  return areas;
}

/** Value of the line at `x`: on the segment between its neighbours, undefined inside a gap or outside. */
export function valueAt(series: Series, x: number): number | undefined {
  const { xs, bot } = series;
  let low = 0;
  let high = xs.length - 1;
  if (high < 0 || x < (xs[0] as number) || x > (xs[high] as number)) return undefined;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((xs[middle] as number) <= x) low = middle;
    else high = middle;
  }
  const [left, right] = [bot[low], bot[high]];
  if (x === xs[low]) return left ?? undefined;
  if (!isNumber(left) || !isNumber(right)) return x === xs[high] ? (right ?? undefined) : undefined;
  const [from, to] = [xs[low] as number, xs[high] as number];
  return to === from ? right : left + ((right - left) * (x - from)) / (to - from);
}

export interface FillMark {
  x: number;
  y: number;
  side: "buy" | "sell";
}

/** Where each fill stands on the line; a fill outside the curve has no place on it. */
export function fillMarks(series: Series, fills: Record<string, Fill> | undefined): FillMark[] {
  const marks: FillMark[] = [];
  for (const fill of Object.values(fills ?? {})) {
    const ms = instant(fill.ts);
    const y = ms === undefined ? undefined : valueAt(series, ms / 1000);
    if (ms !== undefined && y !== undefined) marks.push({ x: ms / 1000, y, side: fill.side });
  }
  return marks;
}

/** Times of the fills of a swing bot, one a rebalance, s. */
export function rebalanceTimes(fills: Record<string, Fill> | undefined): number[] {
  const times = new Set<number>();
  for (const fill of Object.values(fills ?? {})) {
    const ms = instant(fill.ts);
    if (ms !== undefined) times.add(ms / 1000);
  }
  return [...times].sort((a, b) => a - b);
}
