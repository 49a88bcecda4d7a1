/** What a bundle of many bots leaves out of each: how much of it there is, so that no count and no sum lacks it. Pure. */

import type { BotView } from "../api/schema";
import { isNumber } from "./money";

/** An older desk says no more than `positions`. */
type Held = Partial<Pick<BotView, "positions" | "positions_total" | "positions_value">>;

/** Positions that the bundle left out: the smallest by value. */
export function unshown({ positions, positions_total: total }: Held): number {
  return Math.max(0, (total ?? 0) - Object.keys(positions ?? {}).length);
}

/** What they are worth together; undefined where a position has no price, 0 where none is left out. */
export function unshownValue(bot: Held): number | undefined {
  if (unshown(bot) === 0) return 0;
  const shown = Object.values(bot.positions ?? {}).map((held) => held.market_value);
  if (bot.positions_value === undefined || !shown.every(isNumber)) return undefined;
  return bot.positions_value - shown.reduce((sum, value) => sum + value, 0);
}
