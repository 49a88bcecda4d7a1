/** The last three fills with price, costs and reason, and what closed trades add up to. */

import type { BotView, Fill } from "../../api/schema";
import { feeText } from "../../bot/terms";
import { memo } from "../../lib/memo";
import { count, money, price, quantity, sharedDecimals } from "../../lib/money";
import { byName } from "../../lib/order";
import { percent, typeset } from "../../lib/percent";
import { dayOrClock, instant, stamp } from "../../lib/time";
import { factor } from "../../ui/number";
import { Term } from "../../ui/term";
import "./fills.css";

const SHOWN = 3;
const ENOUGH_TRADES = 30;

/** Newest first. */
export function newestFills(fills: BotView["fills"]): [string, Fill][] {
  return Object.entries(fills ?? {}).sort(
    ([a, left], [b, right]) => (instant(right.ts) ?? 0) - (instant(left.ts) ?? 0) || byName(b, a),
  );
}

function Closed({ bot }: { bot: BotView }) {
  const closed = bot.stats?.closed_trades;
  if (closed === undefined) return null;
  if (closed < ENOUGH_TRADES || bot.stats?.win_rate === undefined) {
    return (
      <span className="closed">
        closed trades <b>n = {count(closed)}</b>
      </span>
    );
  }
  return (
    <span className="closed">
      {count(closed)} closed: <b>{percent(bot.stats.win_rate, 0)} won</b>
      {bot.stats.profit_factor !== undefined && (
        <>
          , profit factor <b>{factor(bot.stats.profit_factor)}</b>
        </>
      )}
    </span>
  );
}

export const Fills = memo(function Fills({ bot, market }: { bot: BotView; market: number | undefined }) {
  const fills = newestFills(bot.fills);
  const total = Math.max(bot.fills_total ?? 0, fills.length);
  const shown = fills.slice(0, SHOWN);
  const today = bot.kind === "intraday" ? " today" : "";
  const decimals = sharedDecimals(
    bot.tick,
    shown.map(([, fill]) => fill.price),
  );
  return (
    <div className="fills">
      <h4>
        <Term name="Last fills" />{" "}
        {total > 0 && (
          <small>
            {shown.length} of {count(total)}
            {today}
          </small>
        )}
        <Closed bot={bot} />
      </h4>
      {shown.length === 0 ? (
        <p className="none">
          {bot.foreign
            ? "No fills in the file."
            : `No fill yet${today}. A fill follows the first decision, at the next bar’s open.`}
        </p>
      ) : (
        <ol>
          {shown.map(([id, fill]) => {
            const at = instant(fill.ts);
            return (
              <li key={id}>
                <div className="what">
                  <time dateTime={fill.ts} title={at === undefined ? undefined : stamp(at, undefined)}>
                    {at === undefined ? "" : dayOrClock(at, market)}
                  </time>
                  <b>{fill.side === "buy" ? "Buy" : "Sell"}</b>
                  <span className="nowrap">
                    {quantity(fill.quantity)}
                    {Object.keys(bot.positions ?? {}).length > 1 || (bot.symbols_total ?? 0) > 1
                      ? ` ${fill.symbol}`
                      : ""}{" "}
                    @ {price(fill.price, decimals)}
                  </span>
                  <span className="costs">
                    {feeText(fill, bot)} · slip {money(fill.slippage ?? 0, bot)}
                  </span>
                </div>
                {fill.reason && <p>{typeset(fill.reason)}</p>}
              </li>
            );
          })}
        </ol>
      )}
    </div>
  );
});
