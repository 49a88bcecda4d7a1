/** Days by month and week, as a calendar lays them out. Pure. */

import { isNumber } from "../../lib/money";
import type { DayBar } from "./span";

const DAY_MS = 86_400_000;

/** One week of a month: its days from Monday on, undefined for those of another month. */
export interface Week {
  days: (CalendarDay | undefined)[];
  /** Sum of the net results in it; undefined where there is none. */
  net: number | undefined;
}

export interface CalendarDay {
  /** `2022-05-19`. */
  day: string;
  /** 1..31. */
  date: number;
  /** What the day came to; undefined for one without trading. */
  bar: DayBar | undefined;
}

export interface Month {
  weeks: Week[];
  /** Sum of the net results; undefined where there is none. */
  net: number | undefined;
  ups: number;
  downs: number;
  /** The largest result in either direction, >= 0. */
  most: number;
}

/** Months from the first to the last of `bars`, `2022-05`, those without a day too. */
export function monthsOf(bars: readonly DayBar[]): string[] {
  const [first, last] = [bars[0]?.day.slice(0, 7), bars.at(-1)?.day.slice(0, 7)];
  const out: string[] = [];
  if (!first || !last) return out;
  for (const at = new Date(`${first}-01`); at.toISOString().slice(0, 7) <= last; at.setUTCMonth(at.getUTCMonth() + 1)) {
    out.push(at.toISOString().slice(0, 7));
  }
  return out;
}

/** True where a result falls on a Saturday or a Sunday: such a market has no weekend. */
export function hasWeekends(bars: readonly DayBar[]): boolean {
  return bars.some(({ day }) => new Date(day).getUTCDay() % 6 === 0);
}

function netOf(bars: readonly (DayBar | undefined)[]): number | undefined {
  const nets = bars.map((bar) => bar?.net).filter(isNumber);
  return nets.length > 0 ? nets.reduce((sum, net) => sum + net, 0) : undefined;
}

/** Lay out `month` (`2022-05`) with weeks of `length` days, 5 or 7, from Monday on. */
export function layOut(bars: readonly DayBar[], month: string, length: 5 | 7): Month {
  const byDay = new Map(bars.map((bar) => [bar.day, bar]));
  const first = Date.parse(`${month}-01`);
  const weeks: Week[] = [];
  let at = first - ((new Date(first).getUTCDay() + 6) % 7) * DAY_MS;
  while (at <= first || new Date(at).toISOString().startsWith(month)) {
    const days = Array.from({ length }, (_, index) => {
      const day = new Date(at + index * DAY_MS).toISOString().slice(0, 10);
      return day.startsWith(month) ? { day, date: Number(day.slice(8)), bar: byDay.get(day) } : undefined;
    });
    if (days.some(Boolean)) weeks.push({ days, net: netOf(days.map((each) => each?.bar)) });
    at += 7 * DAY_MS;
  }
  const inside = bars.filter(({ day }) => day.startsWith(month));
  const nets = inside.map(({ net }) => net).filter(isNumber);
  return {
    weeks,
    net: netOf(inside),
    ups: nets.filter((net) => net > 0).length,
    downs: nets.filter((net) => net < 0).length,
    most: Math.max(0, ...nets.map(Math.abs)),
  };
}
