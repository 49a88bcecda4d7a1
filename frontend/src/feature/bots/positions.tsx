/** Positions + cash = equity, so that a reader can add it up. */

import { memo, useState } from "react";
import type { BotView, Position } from "../../api/schema";
import { direction, money, price, quantity, sharedDecimals } from "../../lib/money";
import { Held, Net, NoData, Value } from "../../ui/number";

const SHOWN = 6; // more rows than this hide what stands below the table

/** Largest first, by value; a position without a mark comes last. */
export function byValue(positions: BotView["positions"]): [string, Position][] {
  return Object.entries(positions ?? {}).sort(
    ([, a], [, b]) => Math.abs(b.market_value ?? 0) - Math.abs(a.market_value ?? 0) || 0,
  );
}

export const Positions = memo(function Positions({
  bot,
  held,
  still,
}: {
  bot: BotView;
  held: boolean;
  still: boolean;
}) {
  const [all, setAll] = useState(false);
  const rows = byValue(bot.positions);
  const shown = all ? rows : rows.slice(0, SHOWN);
  const decimals = sharedDecimals(
    bot.tick,
    rows.map(([, position]) => position.last_price),
  );
  const mark = bot.price_basis === "adjusted" ? "Mark" : "Last";
  return (
    <table className="positions">
      <thead>
        <tr>
          <th scope="col">Position</th>
          <th scope="col" className="desk-only">
            Quantity
          </th>
          <th scope="col">
            {mark}
            {bot.price_basis === "adjusted" && <span className="spoken"> adjusted</span>}
          </th>
          <th scope="col">Value</th>
          <th scope="col">Unrealized</th>
        </tr>
      </thead>
      <tbody>
        {shown.map(([symbol, position]) => (
          <tr key={symbol}>
            <th scope="row">
              {symbol}
              <small>
                <span className="phone-only">{quantity(position.quantity)} </span>
                {direction(position.quantity, 4) < 0 ? "short" : "long"}
              </small>
              {position.carried && <small className="attention-text">carried: {position.carried}</small>}
            </th>
            <td className="desk-only">{quantity(position.quantity)}</td>
            <td>
              <Value>{price(position.last_price, decimals)}</Value>
            </td>
            <td>
              <Value>{money(position.market_value)}</Value>
            </td>
            <td>
              <Net value={position.unrealized_pnl} still={still} />
            </td>
          </tr>
        ))}
        {rows.length === 0 && (
          <tr className="none">
            <td colSpan={5}>No open position</td>
          </tr>
        )}
        {rows.length > SHOWN && (
          <tr className="none">
            <td colSpan={5}>
              <button type="button" className="quiet" onClick={() => setAll(!all)}>
                {all ? `Show the largest ${SHOWN}` : `Show ${rows.length - SHOWN} more`}
              </button>
            </td>
          </tr>
        )}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">Cash</th>
          <td className="desk-only" />
          <td />
          <td>{bot.cash === undefined ? <NoData /> : money(bot.cash)}</td>
          <td />
        </tr>
        <tr className="sum">
          <th scope="row">Equity</th>
          <td className="desk-only" />
          <td />
          <td>
            <Held held={held}>{money(bot.equity)}</Held>
          </td>
          <td />
        </tr>
      </tfoot>
    </table>
  );
});
