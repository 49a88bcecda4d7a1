/** Open positions with entry, mark, levels and result; each leads to its fills. */

import type { BotView, Position } from "../../api/schema";
import { byValue } from "../../bot/figure";
import type { CardState } from "../../bot/state";
import { termsOf } from "../../bot/terms";
import { unshown, unshownValue } from "../../lib/left-out";
import { direction, money, plural, price, quantity, sharedDecimals } from "../../lib/money";
import { percent } from "../../lib/percent";
import type { TermName } from "../../lib/terms";
import { dayOrClock, instant } from "../../lib/time";
import { useDesk } from "../../ui/frame/desk";
import { Held, Net, NoData, Value } from "../../ui/number";
import { CsvButton, Panel } from "../../ui/panel";
import { type Column, TableBox } from "../../ui/table";
import { Term } from "../../ui/term";

const HEAD = [
  "symbol", "quantity", "average_price", "last_price", "market_value", "weight", "unrealized_pnl", "stop_loss", "take_profit", "opened_at", "marked_at", "carried", "not_booked",
  "multiplier", "leverage", "margin", "liquidation_price", "funding", "stake", "account",
]; // biome-ignore format: one row of names

interface Props {
  bot: BotView;
  state: CardState;
  /** Show the fills of a symbol; without it no row leads to them. */
  onSymbol?: (symbol: string) => void;
}

export function Holdings({ bot, state, onSymbol }: Props) {
  const { market, still } = useDesk();
  const rows = byValue(bot.positions);
  const rest = unshown(bot); // until the whole of the bot has been read
  const decimals = sharedDecimals(
    bot.tick,
    rows.flatMap(([, held]) => [held.last_price, held.average_price]),
  );
  const shown = (
    name: TermName,
    text: (held: Position) => string,
    head: string = name,
  ): Column<[string, Position]> => ({
    name,
    term: name,
    head,
    cell: ([, held]) => <Value>{text(held)}</Value>,
  });
  const columns: Column<[string, Position]>[] = [
    {
      name: "Symbol",
      cell: ([symbol, held]) => (
        <>
          <b>{held.symbol ?? symbol}</b> <small>{direction(held.quantity, 4) < 0 ? "short" : "long"}</small>
          {termsOf(held, bot, decimals) && <small className="block">{termsOf(held, bot, decimals)}</small>}
          {held.carried && <small className="attention-text block">carried: {held.carried}</small>}
          {held.not_booked && (
            <small className="attention-text block">
              <Term name="Not booked">not booked</Term>
              {held.not_booked.replace(/^not booked/, "")}
            </small>
          )}
        </>
      ),
    },
    { name: "Quantity", term: "Quantity", cell: ([, held]) => quantity(held.quantity) },
    { name: "Entry", term: "Entry", cell: ([, held]) => price(held.average_price, decimals) },
    bot.price_basis === "adjusted"
      ? shown("Mark", (held) => price(held.last_price, decimals), "Mark, adjusted")
      : shown("Last", (held) => price(held.last_price, decimals)),
    shown("Value", (held) => money(held.market_value, bot)),
    shown("Weight", (held) => percent(held.weight, 1)),
    {
      name: "Unrealized",
      term: "Unrealized",
      cell: ([, held]) => <Net of={bot} value={held.unrealized_pnl} still={still} />,
    },
    shown("Stop", (held) => price(held.stop_loss, decimals)),
    shown("Target", (held) => price(held.take_profit, decimals)),
    {
      name: "Since",
      term: "Since",
      cell: ([, held]) => {
        const opened = instant(held.opened_at);
        return opened === undefined ? <NoData /> : dayOrClock(opened, market);
      },
    },
  ];
  if (onSymbol)
    columns.push({
      name: "Fills",
      head: <span className="spoken">Fills</span>,
      cell: ([symbol, held]) => (
        <button type="button" className="quiet" onClick={() => onSymbol(held.symbol ?? symbol)}>
          Fills<span className="spoken"> of {held.symbol ?? symbol}</span>
        </button>
      ),
    });
  const more = columns.length - 5; // cells of a line behind its value
  return (
    <Panel
      title="Open positions"
      asOf={bot.as_of}
      at={instant(bot.written_at)}
      held={state.held}
      tools={
        rows.length > 0 &&
        rest === 0 && (
          <CsvButton
            of="the open positions"
            name={`aion-${bot.bot}-positions.csv`}
            head={HEAD}
            rows={() =>
              rows.map(([key, held]) => [
                held.symbol ?? key,
                held.quantity,
                held.average_price,
                held.last_price,
                held.market_value,
                held.weight,
                held.unrealized_pnl,
                held.stop_loss,
                held.take_profit,
                held.opened_at,
                held.marked_at,
                held.carried,
                held.not_booked,
                held.multiplier,
                held.leverage,
                held.margin,
                held.liquidation_price,
                held.funding,
                held.stake,
                held.account,
              ])
            }
          />
        )
      }
    >
      <TableBox
        box="table-box"
        name="Open positions, table"
        className="rows"
        columns={columns}
        rows={rows}
        keyOf={([symbol]) => symbol}
        foot={
          <>
            <tr>
              <th scope="row">
                <Term name="Cash" />
              </th>
              <td colSpan={3} />
              <td>{bot.cash === undefined ? <NoData /> : money(bot.cash, bot)}</td>
              <td colSpan={more} />
            </tr>
            <tr className="sum">
              <th scope="row">
                <Term name="Equity" />
              </th>
              <td colSpan={3} />
              <td>
                <Held held={state.held}>{money(bot.equity, bot)}</Held>
              </td>
              <td colSpan={more} />
            </tr>
          </>
        }
      >
        {rest > 0 && (
          <tr>
            <th scope="row">
              {plural(rest, "smaller one")} <small>not loaded yet</small>
            </th>
            <td colSpan={3} />
            <td>
              <Value>{money(unshownValue(bot), bot)}</Value>
            </td>
            <td colSpan={more} />
          </tr>
        )}
        {rows.length === 0 && rest === 0 && (
          <tr className="none">
            <td colSpan={columns.length}>No open positions.</td>
          </tr>
        )}
      </TableBox>
    </Panel>
  );
}
