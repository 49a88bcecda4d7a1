/** Curves of a bot over a day and over its run, and the fall from the peak within them. Pure. */

import type { BotDays, BotView } from "../../api/schema";
import { isNumber, moneyChange, plural, type Unit } from "../../lib/money";
import { byName } from "../../lib/order";
import type { Series } from "../../ui/chart/curve";

/** Fewest days that make a curve of their own. */
const LEAST_DAYS = 3;

/** `bot` with the closes of its days in place of its curve; undefined when there are too few. */
export function runView(bot: BotView, days: BotDays | undefined): BotView | undefined {
  if (bot.kind === "swing" || !days) return undefined;
  const closes = Object.entries(days.days ?? {}).filter(([, day]) => isNumber(day.equity));
  if (closes.length < LEAST_DAYS) return undefined;
  const at = (day: string): string => `${day}T00:00:00Z`;
  const ordered = closes.reverse();
  return {
    ...bot,
    day: undefined,
    equity_curve: Object.fromEntries(ordered.map(([day, { equity }]) => [at(day), equity as number])),
    hold_curve: Object.fromEntries(
      ordered.flatMap(([day, { hold_equity: hold }]) => (isNumber(hold) ? [[at(day), hold]] : [])),
    ),
    fills: {},
    more: {},
  };
}

/** Fall from the running peak at each point, a fraction <= 0; null in a gap. `fromStart`: the start equity is the first peak. */
export function falls(series: Series, fromStart = true): (number | null)[] {
  let peak = fromStart ? 1 : 0;
  return series.bot.map((value) => {
    if (value === null) return null;
    peak = Math.max(peak, 1 + value);
    return peak > 0 ? (1 + value) / peak - 1 : null;
  });
}

/** The deepest of them and where it lies; undefined when there was no fall. */
export function deepest(values: readonly (number | null)[]): { index: number; fall: number } | undefined {
  let found: { index: number; fall: number } | undefined;
  values.forEach((value, index) => {
    if (value !== null && value < (found?.fall ?? 0)) found = { index, fall: value };
  });
  return found;
}

/** A stretch of the fall's curve: points as x and value. A bridge spans a gap between the two values around it. */
export interface Stretch {
  kind: "known" | "bridge";
  points: [x: number, value: number][];
}

/**
 * The fall as stretches of known points, and a bridge over each gap between them: the peak holds through a gap, so the
 * ground goes on under it, straight and paler, while the line is drawn only where values are.
 */
export function stretches(xs: readonly number[], values: readonly (number | null)[]): Stretch[] {
  const out: Stretch[] = [];
  let points: [number, number][] = [];
  values.forEach((value, index) => {
    if (value === null) {
      if (points.length > 0) out.push({ kind: "known", points });
      points = [];
      return;
    }
    const point: [number, number] = [xs[index] ?? 0, value];
    const before = points.length === 0 ? out.at(-1)?.points.at(-1) : undefined;
    if (before) out.push({ kind: "bridge", points: [before, point] });
    points.push(point);
  });
  if (points.length > 0) out.push({ kind: "known", points });
  return out;
}

/** The result of days as running bars: newest last. */
export interface DayBar {
  day: string;
  gross?: number;
  fees?: number;
  slippage?: number;
  borrow?: number;
  net?: number;
  fills: number;
  trades?: number;
  error: string;
}

export function dayBars(days: BotDays | undefined): DayBar[] {
  return Object.entries(days?.days ?? {})
    .map(([day, found]) => ({
      day,
      gross: found.pnl?.gross,
      fees: found.pnl?.fees,
      slippage: found.pnl?.slippage,
      borrow: found.pnl?.borrow,
      net: found.pnl?.net,
      fills: found.fills ?? 0,
      trades: found.trades,
      error: found.error ?? "",
    }))
    .sort((a, b) => byName(a.day, b.day));
}

/** What bars of daily results show, in words; a day without a result is neither the best nor the worst. */
export function barWords(bars: readonly DayBar[], unit: Unit): string {
  const known = bars.filter((bar) => bar.net !== undefined).sort((a, b) => (a.net as number) - (b.net as number));
  const [worst, best] = [known[0], known.at(-1)];
  if (!worst || !best) return `${plural(bars.length, "day")} without a result`;
  const said = `best ${moneyChange(best.net, unit)} on ${best.day}, worst ${moneyChange(worst.net, unit)} on ${worst.day}`;
  return `Net result of ${plural(known.length, "day")} in ${unit.currency}: ${said}`;
}
