/** What of a day's time is no trading: bands behind the candles, and the slots of the time axis. Pure; times in s. */

import type { Hours, Session } from "../../api/schema";
import { clock, instant, shownName } from "../../lib/time";
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

/** The hours of the day that `bars` are of; undefined where they are those of another day. */
export function hoursOf<T extends Hours>(bars: readonly DayBar[], hours: T | undefined): T | undefined {
  const opens = seconds(hours?.opens_at);
  const closes = seconds(hours?.closes_at);
  const first = bars[0]?.time;
  const last = bars.at(-1)?.time;
  if (opens === undefined || closes === undefined || first === undefined || last === undefined) return undefined;
  return first > opens - 12 * 3600 && last <= closes + 3600 ? hours : undefined;
}

/** The hours with the halts of one symbol among those of the market. */
export function withHalts(hours: Hours | undefined, halts: Record<string, string> | undefined): Hours | undefined {
  return hours && halts ? { ...hours, halts: { ...hours.halts, ...halts } } : hours;
}

/** Slots before the open and after the close, for the bands that stand there: a part of what the session has. */
const EDGE = 0.05;

/**
 * Times of all slots: every bar, each missing one between them, where hours begin and end, and the session from before
 * its open to after its close, so that an early chart has the width of its day.
 */
export function slots(bars: readonly DayBar[], hours: Hours | undefined): number[] {
  const [first] = bars;
  const last = bars.at(-1);
  if (!first || !last) return [];
  const step = barStep(bars);
  const opens = seconds(hours?.opens_at) ?? first.time;
  const closes = seconds(hours?.closes_at) ?? last.time;
  const edge = hours ? Math.ceil(((closes - opens) / step) * EDGE) * step : 0;
  const times = new Set(bars.map((bar) => bar.time));
  const run = (from: number, until: number): void => {
    for (let time = from; time < until && times.size < MOST_SLOTS; time += step) times.add(time);
  };
  if (first.time > opens) run(opens, first.time);
  bars.forEach((bar, index) => {
    // counted anew from each bar: one that lunch or the close cuts is shorter
    run(bar.time + step, bars[index + 1]?.time ?? Math.max(closes, last.time));
  });
  if (edge > 0) {
    const { lunch, halts } = closedSpans(hours);
    for (const at of [opens, closes, ...lunch.flat(), ...halts.flat()]) times.add(at);
    run(opens - edge, Math.min(opens, first.time));
    run(Math.max(closes, last.time) + step, closes + edge + step);
  }
  return [...times].sort((a, b) => a - b);
}

type Span = readonly [from: number, to: number];

const touches = (spans: readonly Span[], from: number, to: number): boolean =>
  spans.some(([start, end]) => from <= end && to >= start);

/** Spans of lunch and of halts within a session. */
function closedSpans(hours: Hours | undefined): { lunch: Span[]; halts: Span[] } {
  const start = seconds(hours?.break_start);
  const end = seconds(hours?.break_end);
  return {
    lunch: start !== undefined && end !== undefined ? [[start, end]] : [],
    halts: Object.entries(hours?.halts ?? {}).flatMap(([from, to]): Span[] => {
      const [a, b] = [seconds(from), seconds(to)];
      return a !== undefined && b !== undefined && b > a ? [[a, b]] : [];
    }),
  };
}

/**
 * Bands of a session and of the bars themselves: pre-open, lunch, halts, stretches without a bar, what is to come, and
 * after the close.
 *
 * @param state of the session now; undefined for a day that is over, of which nothing is to come.
 */
export function bands(bars: readonly DayBar[], hours: Hours | undefined, state?: Session["state"]): Band[] {
  const [first] = bars;
  const last = bars.at(-1);
  if (!first || !last) return [];
  const step = barStep(bars);
  const out: Band[] = [];
  const opens = seconds(hours?.opens_at);
  const closes = seconds(hours?.closes_at);
  const { lunch, halts } = closedSpans(hours);
  const all = slots(bars, hours);
  const begin = all[0] ?? first.time;
  const end = all.at(-1) ?? last.time;
  if (opens !== undefined && begin < opens) out.push({ from: begin, to: opens, kind: "closed", word: "pre" });
  for (const [from, to] of lunch) out.push({ from, to, kind: "closed", word: "lunch" });
  for (const [from, to] of halts) out.push({ from, to, kind: "halt", word: "halt" });
  const known = [...lunch, ...halts];
  const isOpen = closes !== undefined && state !== undefined && last.time < closes;
  const times = [...(opens === undefined ? [] : [opens]), ...bars.map((bar) => bar.time).filter((at) => at !== opens)];
  if (closes !== undefined && !isOpen && last.time < closes) times.push(closes + step);
  for (let index = 1; index < times.length; index += 1) {
    const from = times[index - 1] ?? 0;
    const to = times[index] ?? 0;
    if (to - from > LONG_GAP * step && !touches(known, from, to))
      out.push({ from, to: to - step, kind: "gap", word: "no bars" });
  }
  if (state === "halt" && !touches(halts, last.time, last.time + step))
    out.push({ from: last.time, to: closes ?? last.time, kind: "halt", word: "halted" });
  else if (isOpen) out.push({ from: last.time, to: closes, kind: "future", word: hours?.half_day ? "half day" : "" });
  if (closes !== undefined && closes < end)
    out.push({ from: closes, to: end, kind: "closed", word: hours?.half_day ? "half day" : "closed" });
  return out;
}

/** `Session 13:30 to 20:00 UTC, lunch 04:00 to 05:00, half day, halted 13:35 to 13:49.`; empty where hours are not known. */
export function hoursText(hours: Hours | undefined): string {
  const opens = instant(hours?.opens_at);
  const closes = instant(hours?.closes_at);
  if (opens === undefined || closes === undefined) return "";
  const { lunch, halts } = closedSpans(hours);
  const span = ([from, to]: Span): string => `${clock(from * 1000)} to ${clock(to * 1000)}`;
  const parts = [
    `Session ${clock(opens)} to ${clock(closes)} ${shownName(opens)}`,
    ...lunch.map((each) => `lunch ${span(each)}`),
    ...(hours?.half_day ? ["half day"] : []),
    ...halts.map((each) => `halted ${span(each)}`),
  ];
  return `${parts.join(", ")}.`;
}
