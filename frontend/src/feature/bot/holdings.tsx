/** Open positions with entry, mark, levels and result; each leads to its fills. */

import type { BotView } from "../../api/schema";
import { byValue } from "../../bot/figure";
import type { CardState } from "../../bot/state";
import { termsOf } from "../../bot/terms";
import { unshown, unshownValue } from "../../lib/left-out";
import { direction, money, plural, price, quantity, sharedDecimals } from "../../lib/money";
import { percent } from "../../lib/percent";
import { dayOrClock, instant } from "../../lib/time";
import { useDesk } from "../../ui/frame/desk";
import { Held, Net, NoData, Value } from "../../ui/number";
import { Term } from "../../ui/term";
import { CsvButton, Panel } from "./panel";

const HEAD = [
  "symbol", "quantity", "average_price", "last_price", "market_value", "weight", "unrealized_pnl", "stop_loss", "take_profit", "opened_at", "marked_at", "carried",
  "multiplier", "leverage", "margin", "liquidation_price", "funding", "stake", "account",
]; // biome-ignore format: one row of names

interface Props {
  bot: BotView;
  state: CardState;
  /** Show the fills of a symbol. */
  onSymbol: (symbol: string) => void;
}

export function Holdings({ bot, state, onSymbol }: Props) {
  const { market, still } = useDesk();
  const rows = byValue(bot.positions);
  const rest = unshown(bot); // until the whole of the bot has been read
  const decimals = sharedDecimals(
    bot.tick,
    rows.flatMap(([, held]) => [held.last_price, held.average_price]),
  );
  const mark = bot.price_basis === "adjusted" ? "Mark, adjusted" : "Last";
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
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard */}
      <section className="table-box" tabIndex={0} aria-label="Open positions, table">
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">Symbol</th>
              <th scope="col">Quantity</th>
              <th scope="col">Entry</th>
              <th scope="col">{mark}</th>
              <th scope="col">Value</th>
              <th scope="col">
                <Term name="Weight" />
              </th>
              <th scope="col">Unrealized</th>
              <th scope="col">Stop</th>
              <th scope="col">Target</th>
              <th scope="col">Since</th>
              <th scope="col">
                <span className="spoken">Fills</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([symbol, held]) => {
              const opened = instant(held.opened_at);
              return (
                <tr key={symbol}>
                  <th scope="row">
                    <b>{held.symbol ?? symbol}</b> <small>{direction(held.quantity, 4) < 0 ? "short" : "long"}</small>
                    {termsOf(held, bot.currency, decimals) && (
                      <small className="block">{termsOf(held, bot.currency, decimals)}</small>
                    )}
                    {held.carried && <small className="attention-text block">carried: {held.carried}</small>}
                  </th>
                  <td>{quantity(held.quantity)}</td>
                  <td>{price(held.average_price, decimals)}</td>
                  <td>
                    <Value>{price(held.last_price, decimals)}</Value>
                  </td>
                  <td>
                    <Value>{money(held.market_value, bot.currency)}</Value>
                  </td>
                  <td>
                    <Value>{percent(held.weight, 1)}</Value>
                  </td>
                  <td>
                    <Net currency={bot.currency} value={held.unrealized_pnl} still={still} />
                  </td>
                  <td>
                    <Value>{price(held.stop_loss, decimals)}</Value>
                  </td>
                  <td>
                    <Value>{price(held.take_profit, decimals)}</Value>
                  </td>
                  <td>{opened === undefined ? <NoData /> : dayOrClock(opened, market)}</td>
                  <td>
                    <button type="button" className="quiet" onClick={() => onSymbol(held.symbol ?? symbol)}>
                      Fills<span className="spoken"> of {held.symbol ?? symbol}</span>
                    </button>
                  </td>
                </tr>
              );
            })}
            {rest > 0 && (
              <tr>
                <th scope="row">
                  {plural(rest, "smaller one")} <small>not loaded yet</small>
                </th>
                <td colSpan={3} />
                <td>
                  <Value>{money(unshownValue(bot), bot.currency)}</Value>
                </td>
                <td colSpan={6} />
              </tr>
            )}
            {rows.length === 0 && rest === 0 && (
              <tr className="none">
                <td colSpan={11}>No open positions.</td>
              </tr>
            )}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">Cash</th>
              <td colSpan={3} />
              <td>{bot.cash === undefined ? <NoData /> : money(bot.cash, bot.currency)}</td>
              <td colSpan={6} />
            </tr>
            <tr className="sum">
              <th scope="row">Equity</th>
              <td colSpan={3} />
              <td>
                <Held held={state.held}>{money(bot.equity, bot.currency)}</Held>
              </td>
              <td colSpan={6} />
            </tr>
          </tfoot>
        </table>
      </section>
    </Panel>
  );
}
