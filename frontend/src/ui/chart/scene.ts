/** What a bot's chart shows beside its lines: the session it lies in, what is missing, what is still to come. */

import type { BotView, ClockState, Problem, Session } from "../../api/schema";
import { instant } from "../../lib/time";
import { fillMarks, readSeries, rebalanceTimes } from "./curve";
import type { Band, Scene } from "./plot";

const seconds = (iso: string | undefined): number | undefined => {
  const ms = instant(iso);
  return ms === undefined ? undefined : ms / 1000;
};

const HALF_HOUR_S = 1800;
const LEAST_WINDOW_S = 3 * HALF_HOUR_S;
const DAY_S = 86_400;

/** A young session gets a window that grows by half hours, up to its close: a curve of an hour is not a splinter. */
export function windowEnd(from: number, now: number, closes: number | undefined): number {
  if (closes === undefined) return now;
  const wanted = Math.max(LEAST_WINDOW_S, (now - from) * 1.35);
  return Math.min(closes, from + Math.ceil(wanted / HALF_HOUR_S) * HALF_HOUR_S);
}

/** The lunch break on the day of the curve: that of the session, moved by whole days, where the curve has no point. */
export function lunchOf(session: Session | undefined, xs: readonly number[]): { from: number; to: number } | undefined {
  const start = seconds(session?.break_start);
  const end = seconds(session?.break_end);
  const first = xs[0];
  if (start === undefined || end === undefined || first === undefined) return undefined;
  const days = Math.floor((start - first) / DAY_S) * DAY_S;
  const lunch = { from: start - days, to: end - days };
  return xs.some((x, index) => x > lunch.from && x < lunch.to && !isGap(xs, index, lunch)) ? undefined : lunch;
}

/** A gap is one extra time half-way between its neighbours: it is no point of the curve. */
function isGap(xs: readonly number[], index: number, lunch: { from: number; to: number }): boolean {
  return (xs[index - 1] ?? lunch.to) <= lunch.from && (xs[index + 1] ?? lunch.from) >= lunch.to;
}

/** Build the scene of `bot`; undefined when its file has no curve. */
export function sceneOf(
  bot: BotView,
  around: { clock?: ClockState; session?: Session; problem?: Problem; held: boolean },
): Scene | undefined {
  const series = readSeries(bot);
  if (!series) return undefined;
  const first = series.xs[0] as number;
  const last = series.xs.at(-1) as number;
  const { session } = around;
  const own = session?.day !== undefined && session.day === bot.day && !series.daily;
  const opens = own ? seconds(session.opens_at) : undefined;
  const closes = own ? seconds(session.closes_at) : undefined;
  const now = seconds(around.clock?.market_time);
  const from = Math.min(first, opens ?? first);
  const to = Math.max(last, windowEnd(from, Math.max(last, own ? (now ?? last) : last), closes));
  const bands: Band[] = [];
  const lunch = series.daily ? undefined : lunchOf(session, series.xs);
  if (lunch) bands.push({ ...lunch, kind: "closed", word: "lunch" });
  if (now !== undefined && own && now < to) bands.push({ from: Math.max(now, last), to, kind: "ahead" });
  const behind = seconds(around.problem?.since);
  if (around.problem?.kind === "incomplete" && behind !== undefined) {
    bands.push({ from: behind, to: Math.max(now ?? behind, behind + (to - from) * 0.01), kind: "missing" });
  }
  return {
    series,
    // One point alone still needs a width to stand in.
    from: to > from ? from : from - 60,
    to: to > from ? to + (own ? 0 : (to - from) * 0.01) : to + 60,
    ...(own && now !== undefined ? { now } : {}),
    bands,
    fills: series.daily ? [] : fillMarks(series, bot.fills),
    rebalances: series.daily ? rebalanceTimes(bot.fills) : [],
    held: around.held,
  };
}
