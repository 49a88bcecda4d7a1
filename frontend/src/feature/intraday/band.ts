/** What of a day's time is no trading: bands behind the candles, and the slots of the time axis. Pure; times in s. */

import type { Session } from "../../api/schema";
import { instant } from "../../lib/time";
import { barStep, type DayBar } from "./bars";

export interface Band {
  from: number;
  to: number;
  /** `none` is time without a band of its own: the part of the session that is still to come. */
  kind: "closed" | "gap" | "halt" | "future";
  word: string;
}

const LONG_GAP = 10; // missing bars in a row that are worth a word
const MOST_SLOTS = 2000; // on the time axis; more would be another chart

const seconds = (iso: string | undefined): number | undefined => {
  const at = instant(iso);
  return at === undefined ? undefined : at / 1000;
};

/** The session of the day that `bars` are of; undefined where it is that of another day. */
export function sessionOf(bars: readonly DayBar[], session: Session | undefined): Session | undefined {
  const opens = seconds(session?.opens_at);
  const closes = seconds(session?.closes_at);
  const last = bars.at(-1)?.time;
  if (opens === undefined || closes === undefined || last === undefined) return undefined;
  return last > opens - 12 * 3600 && last <= closes + 3600 ? session : undefined;
}

/**
 * Times of all slots: every bar, each missing one between them, and what is left of the session, so that an early chart
 * has the width of its day.
 */
export function slots(bars: readonly DayBar[], session: Session | undefined): number[] {
  const last = bars.at(-1);
  if (!last) return [];
  const step = barStep(bars);
  const end = Math.max(last.time, seconds(session?.closes_at) ?? last.time);
  const times = new Set(bars.map((bar) => bar.time));
  bars.forEach((bar, index) => {
    // counted anew from each bar: one that lunch or the close cuts is shorter
    const until = bars[index + 1]?.time ?? end;
    for (let time = bar.time + step; time < until && times.size < MOST_SLOTS; time += step) times.add(time);
  });
  times.add(end);
  return [...times].sort((a, b) => a - b);
}

/** Bands of `session` and of the bars themselves: pre-open, lunch, halt, stretches without a bar, and what is to come. */
export function bands(bars: readonly DayBar[], session: Session | undefined): Band[] {
  const [first] = bars;
  const last = bars.at(-1);
  if (!first || !last) return [];
  const step = barStep(bars);
  const out: Band[] = [];
  const opens = seconds(session?.opens_at);
  const closes = seconds(session?.closes_at);
  const lunch = [seconds(session?.break_start), seconds(session?.break_end)] as const;
  if (opens !== undefined && first.time < opens) out.push({ from: first.time, to: opens, kind: "closed", word: "pre" });
  if (lunch[0] !== undefined && lunch[1] !== undefined)
    out.push({ from: lunch[0], to: lunch[1], kind: "closed", word: "lunch" });
  for (let index = 1; index < bars.length; index += 1) {
    const from = bars[index - 1]?.time ?? 0;
    const to = bars[index]?.time ?? 0;
    const isLunch = lunch[0] !== undefined && lunch[1] !== undefined && from <= lunch[1] && to >= lunch[0];
    if (to - from > LONG_GAP * step && !isLunch) out.push({ from, to: to - step, kind: "gap", word: "no bars" });
  }
  if (session?.state === "halt") out.push({ from: last.time, to: closes ?? last.time, kind: "halt", word: "halted" });
  else if (closes !== undefined && last.time < closes)
    out.push({ from: last.time, to: closes, kind: "future", word: session?.half_day ? "half day" : "" });
  return out;
}
