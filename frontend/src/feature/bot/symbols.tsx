/** Closed trades summed by symbol: where the money was made and lost. */

import { coarse } from "../../lib/age";
import { count, money } from "../../lib/money";
import { percent } from "../../lib/percent";
import { Net, Ratio, Value } from "../../ui/number";
import { bySymbol, type Row } from "./columns";

interface Props {
  currency: string;
  rows: readonly Row[];
  /** True when they are all that are kept. */
  isWhole: boolean;
  /** Show the trades of a symbol. */
  onSymbol: (symbol: string) => void;
}

const HEAD = ["Trades", "Won", "Net", "Mean net", "Best", "Worst", "Fees", "Slippage", "Borrow", "Mean held"];

export function BySymbol({ currency, rows, isWhole, onSymbol }: Props) {
  const symbols = bySymbol(rows);
  const hasBorrow = symbols.some((each) => each.borrow > 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section className="table-box" tabIndex={0} aria-label="Closed trades by symbol, table" aria-busy={!isWhole}>
      <table className="rows">
        <thead>
          <tr>
            <th scope="col">Symbol</th>
            {HEAD.filter((name) => hasBorrow || name !== "Borrow").map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {symbols.map((each) => (
            <tr key={each.symbol}>
              <th scope="row">
                <button type="button" className="quiet" onClick={() => onSymbol(each.symbol)}>
                  {each.symbol}
                  <span className="spoken">: show its trades</span>
                </button>
              </th>
              <td>{count(each.trades)}</td>
              <td>
                <Ratio text={percent(each.won / each.trades, 0)} closed={each.trades} wins={each.won} />
              </td>
              <td>
                <Net currency={currency} value={each.net} />
              </td>
              <td>
                <Net currency={currency} value={each.net / each.trades} />
              </td>
              <td>
                <Net currency={currency} value={each.best} />
              </td>
              <td>
                <Net currency={currency} value={each.worst} />
              </td>
              <td className="soft">{money(each.fees, currency)}</td>
              <td className="soft">{money(each.slippage, currency)}</td>
              {hasBorrow && <td className="soft">{money(each.borrow, currency)}</td>}
              <td>
                <Value>{each.held === undefined ? "" : coarse(each.held)}</Value>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
