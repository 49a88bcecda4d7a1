/** Prices that matter on one day: where it was entered, the stop, the target, the opening range. Pure. */

import type { Position, SymbolView } from "../../api/schema";
import { isNumber, price, quantity, sharedDecimals } from "../../lib/money";

export interface Level {
  name: string;
  value: number;
}

/** `184 held at 269.98.`, `\u2212197 short at 252.96.`; a sentence also where nothing is held. */
export function holdingText(position: Position | undefined, tick?: number): string {
  if (!position) return "No open position.";
  const way = position.quantity < 0 ? "short" : "held";
  return `${quantity(position.quantity)} ${way} at ${price(position.average_price, sharedDecimals(tick, [position.average_price]))}.`;
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
