/** Prices that matter on one day: where it was entered, the stop, the target, the opening range. Pure. */

import type { BotView, Fill, Position, SymbolView } from "../../api/schema";
import { unshown } from "../../lib/left-out";
import { isNumber, price, quantity, sharedDecimals } from "../../lib/money";
import type { DayFile } from "./day-file";

export interface Day {
  position: Position | undefined;
  /** False while nobody knows whether it holds any. */
  isKnown: boolean;
  fills: Record<string, Fill> | undefined;
}

export interface Level {
  name: string;
  value: number;
}

/** `184 held at 269.98.`, `\u2212197 short at 252.96.`; a sentence also where nothing is held. */
export function holdingText(position: Position | undefined, tick?: number): string {
  if (!position) return "No open positions.";
  const way = position.quantity < 0 ? "short" : "held";
  return `${quantity(position.quantity)} ${way} at ${price(position.average_price, sharedDecimals(tick, [position.average_price]))}.`;
}

/**
 * What a bot holds of `symbol`, and its fills: with many bots or many fills the bundle has a part of them, and the day
 * file, which is at most a few seconds older, the rest.
 */
export function ofDay(bot: BotView | undefined, file: DayFile | undefined, symbol: string): Day {
  const held = bot?.positions?.[symbol];
  return {
    position: held ?? (bot && unshown(bot) > 0 ? file?.positions?.[symbol] : undefined),
    isKnown: held !== undefined || !bot || unshown(bot) === 0 || file !== undefined,
    fills: bot?.more?.fills === undefined ? bot?.fills : { ...file?.fills, ...bot.fills },
  };
}

/** Levels of an open position and of what the rule sees; those that are not known are not there. */
export function levelsOf(position: Position | undefined, features: SymbolView["features"] | undefined): Level[] {
  const found: [string, number | undefined][] = [
    ["entry", position?.average_price],
    ["stop", position?.stop_loss],
    ["target", position?.take_profit],
    ["range high", features?.range_high],
    ["range low", features?.range_low],
  ];
  return found.flatMap(([name, value]) => (isNumber(value) ? [{ name, value }] : []));
}
