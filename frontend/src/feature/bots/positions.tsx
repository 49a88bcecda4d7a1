/** Positions + cash = equity, so that a reader can add it up. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { BotView, Position } from "../../api/schema";
import { byValue } from "../../bot/figure";
import { termsOf } from "../../bot/terms";
import { nameOf } from "../../lib/bot";
import { unshown, unshownValue } from "../../lib/left-out";
import { memo } from "../../lib/memo";
import { direction, isLong, money, moneyChange, plural, price, quantity, sharedDecimals } from "../../lib/money";
import { pathOf } from "../../lib/route";
import { follow } from "../../ui/frame/top-bar";
import { Held, Net, NoData, Value } from "../../ui/number";
import { type Column, Table } from "../../ui/table";
import { Term } from "../../ui/term";
import "./positions.css";

/** Characters that the columns of a card hold. */
const MOST = { quantity: 8, price: 8, money: 10, sum: 20 };
const SHOWN = 6; // more rows than this hide what stands below the table

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
  const rest = unshown(bot);
  const sums = [bot.cash, bot.equity].some((sum) => isLong(MOST.sum, money(sum, bot)));
  const isWide =
    sums ||
    shown.some(
      ([, held]) =>
        isLong(MOST.quantity, quantity(held.quantity)) ||
        isLong(MOST.price, price(held.last_price, decimals)) ||
        isLong(MOST.money, money(held.market_value, bot)) ||
        isLong(MOST.money, moneyChange(held.unrealized_pnl, bot)),
    );
  const isAdjusted = bot.price_basis === "adjusted";
  const cell = (text: string) => <Value>{text}</Value>;
  const columns: Column<[string, Position]>[] = [
    {
      name: "Position",
      term: "Position",
      cell: ([symbol, position]) => (
        <>
          {position.symbol ?? symbol}{" "}
          <small>
            <span className="phone-only">{quantity(position.quantity)} </span>
            {direction(position.quantity, 4) < 0 ? "short" : "long"}
            {isWide && ` at ${price(position.last_price, decimals)}`}
          </small>
          <small className="terms">{termsOf(position, bot, decimals)}</small>
          {position.carried && <small className="attention-text">carried: {position.carried}</small>}
          {position.not_booked && <Term name="Not booked" />}
        </>
      ),
    },
    { name: "Quantity", term: "Quantity", className: "desk-only", cell: ([, position]) => quantity(position.quantity) },
    {
      name: "Last",
      term: isAdjusted ? "Mark" : "Last",
      head: isAdjusted ? (
        <>
          Mark<span className="spoken"> adjusted</span>
        </>
      ) : (
        "Last"
      ),
      className: "last",
      cell: ([, position]) => cell(price(position.last_price, decimals)),
    },
    { name: "Value", term: "Value", cell: ([, position]) => cell(money(position.market_value, bot)) },
    {
      name: "Unrealized",
      term: "Unrealized",
      cell: ([, position]) => <Net of={bot} value={position.unrealized_pnl} still={still} />,
    },
  ];
  const whole = (what: ComponentChildren) => (
    <tr className="none">
      {/* not all: on a phone a column is left out, and one that spans more makes room for it */}
      <td colSpan={3}>{what}</td>
    </tr>
  );
  return (
    <Table
      className={isWide ? "positions long" : "positions"}
      columns={columns}
      rows={shown}
      keyOf={([symbol]) => symbol}
      foot={
        <>
          <tr>
            <th scope="row">
              <Term name="Cash" />
            </th>
            <td className="desk-only" />
            <td colSpan={2}>{bot.cash === undefined ? <NoData /> : money(bot.cash, bot)}</td>
            <td />
          </tr>
          <tr className="sum">
            <th scope="row">
              <Term name="Equity" />
            </th>
            <td className="desk-only" />
            <td colSpan={2}>
              <Held held={held}>{money(bot.equity, bot)}</Held>
            </td>
            <td />
          </tr>
        </>
      }
    >
      {rows.length === 0 && rest === 0 && whole("No open positions")}
      {rows.length > SHOWN &&
        whole(
          <button type="button" className="quiet" onClick={() => setAll(!all)}>
            {all ? `Show the largest ${SHOWN}` : `Show ${rows.length - SHOWN} more`}
          </button>,
        )}
      {rest > 0 && (
        <tr className="rest">
          <th scope="row">
            <a className="quiet" href={pathOf(bot)} onClick={follow}>
              {plural(rest, "smaller one")}
              <span className="spoken"> of {nameOf(bot)}</span>
            </a>
          </th>
          <td className="desk-only" />
          <td />
          <td>{cell(money(unshownValue(bot), bot))}</td>
          <td />
        </tr>
      )}
    </Table>
  );
});
