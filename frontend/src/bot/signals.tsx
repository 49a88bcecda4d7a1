/** Strength of the strongest signal with its reason, and who comes next. */

import type { Signal } from "../api/schema";
import { memo } from "../lib/memo";
import { decimal } from "../lib/money";
import { byName } from "../lib/order";
import { Meter } from "../ui/meter";
import { Term } from "../ui/term";
import { ended } from "./sentence";
import "./signals.css";
import type { Bot } from "../lib/bot";

/** By rank where the rule ranks, else by strength. */
export function byStrength(signals: Record<string, Signal> | undefined): [string, Signal][] {
  return Object.entries(signals ?? {}).sort(
    ([a, left], [b, right]) =>
      (left.rank ?? Number.POSITIVE_INFINITY) - (right.rank ?? Number.POSITIVE_INFINITY) ||
      right.confidence - left.confidence ||
      byName(a, b),
  );
}

/** What the bot does about it: `long`, `buy`, `rank 1 of 10`, `no entry`. */
export function signalNote(symbol: string, signal: Signal, bot: Pick<Bot, "positions">): string {
  if (signal.rank !== undefined) return `rank ${signal.rank}${signal.candidates ? ` of ${signal.candidates}` : ""}`;
  const held = bot.positions?.[symbol]?.quantity;
  if (held) return held > 0 ? "long" : "short";
  return signal.action === "hold" ? "no entry" : signal.action;
}

export const Signals = memo(function Signals({ bot }: { bot: Bot }) {
  const [best, ...others] = byStrength(bot.signals);
  if (!best) {
    return (
      <div className="signals">
        <h4>
          <Term name="Strength" />
        </h4>
        <p className="none">
          {bot.foreign
            ? "No signals in the file."
            : `No signal yet. The first one comes with the first complete ${bot.kind === "swing" ? "rebalance" : "cycle"}.`}
        </p>
      </div>
    );
  }
  const [symbol, signal] = best;
  return (
    <div className="signals">
      <h4>
        <Term name="Strength" /> {signal.threshold ? <small>entry from {decimal(signal.threshold, 2)}</small> : null}
      </h4>
      <div className="strength">
        <b>{symbol}</b>
        <Meter value={signal.confidence} threshold={signal.threshold} />
        <b className="value">{decimal(signal.confidence, 2)}</b>
        <span className="soft">{signalNote(symbol, signal, bot)}</span>
      </div>
      <p>
        {signal.reason && ended(signal.reason)}
        {others.length > 0 &&
          ` Next: ${others
            .slice(0, 2)
            .map(([name, other]) => `${name} ${decimal(other.confidence, 2)}`)
            .join(", ")}.`}
      </p>
    </div>
  );
});
