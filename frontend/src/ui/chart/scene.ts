/** What a bot's chart shows beside its lines: the session it lies in, what is missing, what is still to come. */

import { instant } from "../../lib/time";
import type { BotView, ClockState, Problem, Session } from "../../lib/types";
import { fillMarks, readSeries, rebalanceTimes } from "./curve";
import type { Band, Scene } from "./plot";

const seconds = (iso: string | undefined): number | undefined => {
  const ms = instant(iso);
  return ms === undefined ? undefined : ms / 1000;
};

/** Build the scene of `bot`; undefined when its file has no curve. */
export function sceneOf(bot: BotView, around: { clock?: ClockState; session?: Session; problem?: Problem; held: boolean }): Scene | undefined {
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
  const to = Math.max(last, closes ?? last);
  const bands: Band[] = [];
  const lunch = own ? [seconds(session.break_start), seconds(session.break_end)] : [];
  if (lunch[0] !== undefined && lunch[1] !== undefined) {
    bands.push({ from: lunch[0], to: lunch[1], kind: "closed", word: "lunch" });
  }
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
