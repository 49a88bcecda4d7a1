/** Figures of a bot that its file does not say itself, and the order of its positions. Pure. */

import type { Pnl, Position } from "../api/schema";
import type { Bot } from "../lib/bot";
import { returnOn } from "../lib/percent";

/** Fees, slippage and borrow of a span together, as a cost >= 0. */
export function costsIn(pnl: Pnl): number {
  return (pnl.fees ?? 0) + (pnl.slippage ?? 0) + (pnl.borrow ?? 0);
}

/** Those of the day. */
export function costsOf(bot: Bot): number | undefined {
  const day = bot.day_pnl;
  return day && costsIn(day);
}

/** Return since the start: time-weighted where it names deposits, else what its file says, else from its equities. */
export function totalReturn(bot: Bot): number | undefined {
  return bot.time_weighted_return ?? bot.total_pnl?.net_return ?? returnOn(bot.equity, bot.start_equity);
}

/** Largest first, by value; a position without a mark comes last. */
export function byValue(positions: Bot["positions"]): [string, Position][] {
  return Object.entries(positions ?? {}).sort(
    ([, a], [, b]) => Math.abs(b.market_value ?? 0) - Math.abs(a.market_value ?? 0) || 0,
  );
}
