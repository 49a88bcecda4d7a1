/** What a swing bot asked for beside what it holds and would do now. Pure. */

import type { BotView, PlannedOrder, Target } from "../../api/schema";
import { isNumber } from "../../lib/money";
import { byName } from "../../lib/order";

export interface TargetRow {
  symbol: string;
  target?: Target;
  /** Weight asked for; 0 for what is held and not asked for. */
  wanted: number;
  /** Weight held; undefined where the position has no mark. */
  held?: number;
  /** Held - wanted, a fraction. */
  gap?: number;
  order?: PlannedOrder;
}

/** False for a bot of another program whose file says nothing of targets or orders: not each one that holds for days has some. */
export function hasTargets(bot: BotView): boolean {
  const said = [
    bot.preview,
    bot.last_rebalance_at,
    bot.next_rebalance_at,
    ...Object.keys(bot.targets ?? {}),
    ...Object.keys(bot.open_orders ?? {}),
  ];
  return !bot.foreign || said.some(Boolean);
}

/** All symbols that are wanted, held or to be traded: by rank, then those that only have to go. */
export function targetRows(bot: BotView): TargetRow[] {
  const symbols = new Set([
    ...Object.keys(bot.targets ?? {}),
    ...Object.keys(bot.positions ?? {}),
    ...Object.keys(bot.preview?.orders ?? {}),
  ]);
  const rows = [...symbols].map((symbol): TargetRow => {
    const target = bot.targets?.[symbol];
    const position = bot.positions?.[symbol];
    const wanted = target?.weight ?? 0;
    const held = position ? position.weight : 0;
    return {
      symbol,
      target,
      wanted,
      held,
      gap: isNumber(held) ? held - wanted : undefined,
      order: bot.preview?.orders?.[symbol],
    };
  });
  const rank = (row: TargetRow): number => row.target?.rank ?? Number.POSITIVE_INFINITY;
  return rows.sort(
    (a, b) => rank(a) - rank(b) || Math.abs(b.wanted) - Math.abs(a.wanted) || byName(a.symbol, b.symbol),
  );
}
