/** From the bars of a day file to what a candle chart draws. Pure; times in s of market time. */

import type { Fill } from "../../api/schema";
import { isNumber } from "../../lib/money";
import { instant } from "../../lib/time";

/** Open, high, low, close, volume by close time, as the day file has them. */
export type FileBars = Record<string, readonly number[]>;

export interface DayBar {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/** Bars in order of time; one that is no bar (five finite numbers) is left out. */
export function readBars(bars: FileBars | undefined): DayBar[] {
  const out: DayBar[] = [];
  for (const [iso, values] of Object.entries(bars ?? {})) {
    const at = instant(iso);
    const [open, high, low, close, volume] = values;
    if (at === undefined || !isNumber(open) || !isNumber(high) || !isNumber(low) || !isNumber(close)) continue;
    out.push({ time: at / 1000, open, high, low, close, volume: isNumber(volume) ? volume : 0 });
  }
  out.sort((a, b) => a.time - b.time);
  return out.filter((bar, index) => bar.time !== out[index - 1]?.time);
}

/** Seconds between two bars: the most frequent distance. */
export function barStep(bars: readonly DayBar[]): number {
  const counts = new Map<number, number>();
  for (let index = 1; index < bars.length; index += 1) {
    const step = (bars[index]?.time ?? 0) - (bars[index - 1]?.time ?? 0);
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 60;
}

/** Volume-weighted average of (high + low + close) / 3 since the first bar; undefined before any volume. */
export function vwap(bars: readonly DayBar[]): { time: number; value: number }[] {
  let money = 0;
  let volume = 0;
  const out: { time: number; value: number }[] = [];
  for (const bar of bars) {
    money += ((bar.high + bar.low + bar.close) / 3) * bar.volume;
    volume += bar.volume;
    if (volume > 0) out.push({ time: bar.time, value: money / volume });
  }
  return out;
}

export interface BarMark {
  time: number;
  side: "buy" | "sell";
}

/**
 * The bars of `symbol` that fills fell in, one mark a bar and side. A fill at an open bears the time at which the bar
 * before closed, so the bar that it names counts before its time.
 */
export function fillMarks(bars: readonly DayBar[], fills: Record<string, Fill> | undefined, symbol: string): BarMark[] {
  const marks: BarMark[] = [];
  for (const fill of Object.values(fills ?? {})) {
    const at = instant(fill.bar?.ts ?? fill.ts);
    if (at === undefined || fill.symbol !== symbol) continue;
    const bar = bars.find((each) => each.time >= at / 1000);
    if (bar && !marks.some((mark) => mark.time === bar.time && mark.side === fill.side)) {
      marks.push({ time: bar.time, side: fill.side });
    }
  }
  return marks.sort((a, b) => a.time - b.time);
}

/** `bars` with the newest one that a snapshot knows of, where that follows on; the same list where it does not. */
export function withNewest(
  bars: readonly DayBar[],
  bar: Record<string, string | number> | undefined,
): readonly DayBar[] {
  const [newest] = readBars(
    typeof bar?.ts === "string"
      ? { [bar.ts]: ["open", "high", "low", "close", "volume"].map((part) => Number(bar[part])) }
      : undefined,
  );
  const last = bars.at(-1);
  if (!newest || !last || newest.time <= last.time || newest.time - last.time > barStep(bars) * 1.5) return bars;
  return [...bars, newest];
}
