/** Of which span a figure is, in words: no figure stands without it. Pure. */

import type { Session } from "../api/schema";
import type { Bot } from "../lib/bot";
import { count } from "../lib/money";
import { fall } from "../lib/percent";
import { dayName, dayOrClock, instant, isoDay, stamp, UTC } from "../lib/time";

const NAMED = 3; // names in one sentence: more are counted

/** `swing_1w and swing_2w`, `a, b, c and 12 more`. */
export function listed(names: readonly string[]): string {
  const shown = names.length > NAMED + 1 ? names.slice(0, NAMED) : names;
  const rest = names.length - shown.length;
  if (rest > 0) return `${shown.join(", ")} and ${count(rest)} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** True while the market day of `bot` goes on. */
export function isDayOpen(bot: Bot, sessions: Record<string, Session>, market: number | undefined): boolean {
  if (bot.kind !== "intraday" || !bot.day) return false;
  const session = bot.exchange ? sessions[bot.exchange] : undefined;
  if (session) return session.day === bot.day && ["open", "lunch", "halt"].includes(session.state);
  return market !== undefined && isoDay(market, UTC) === bot.day;
}

/** `19 May so far`, `19 May`; empty where its file says no day. */
export function dayText(bot: Bot, sessions: Record<string, Session>, market: number | undefined): string {
  if (!bot.day) return "";
  return `${dayName(bot.day, market)}${isDayOpen(bot, sessions, market) ? " so far" : ""}`;
}

/** `since 19 May`, `since 13:31 UTC` of today; `since start` where the file does not say when that was. */
export function sinceText(since: string | undefined, market: number | undefined): string {
  const at = instant(since);
  if (at === undefined) return "since start";
  return `since ${market !== undefined && isoDay(at, UTC) === isoDay(market, UTC) ? stamp(at, market) : dayOrClock(at, market)}`;
}

/** The largest drawdown of `bot` with its span; empty where there is none: `max drawdown −2.81 % since 19 May`. */
export function maxFallText(bot: Bot, market: number | undefined): string {
  const most = fall(bot.stats?.max_drawdown);
  if (!most) return "";
  const of = bot.drawdown_of;
  const span = of?.source === "file" && of.since === undefined ? "reported by the bot" : sinceText(of?.since, market);
  return `max drawdown ${most} ${span}`;
}

/** What a reader has to know where file and curve disagree; empty where they do not. */
export function fallNote(bot: Bot): string {
  const of = bot.drawdown_of;
  if (of?.file !== undefined) return `from its curve; the bot reports ${fall(of.file) || fall(0)}`;
  if (of?.curve !== undefined) return `reported by the bot; its curve shows ${fall(of.curve) || fall(0)}`;
  return "";
}
