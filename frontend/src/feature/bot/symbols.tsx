/** Closed trades summed by symbol: where the money was made and lost. */

import { coarse } from "../../lib/age";
import { count, money, type Unit } from "../../lib/money";
import { percent } from "../../lib/percent";
import type { TermName } from "../../lib/terms";
import { Net, Ratio, Value } from "../../ui/number";
import { type Column, TableBox } from "../../ui/table";
import { bySymbol, type Row, type SymbolResult } from "./columns";

interface Props {
  unit: Unit;
  rows: readonly Row[];
  /** True when they are all that are kept. */
  isWhole: boolean;
  /** Show the trades of a symbol. */
  onSymbol: (symbol: string) => void;
}

export function BySymbol({ unit, rows, isWhole, onSymbol }: Props) {
  const symbols = bySymbol(rows);
  const net = (name: TermName, value: (of: SymbolResult) => number): Column<SymbolResult> => ({
    name,
    term: name,
    cell: (of) => <Net of={unit} value={value(of)} />,
  });
  const paid = (name: "Fees" | "Slippage" | "Borrow", value: (of: SymbolResult) => number): Column<SymbolResult> => ({
    name,
    term: name,
    cellClass: "soft",
    cell: (of) => money(value(of), unit),
  });
  const columns: Column<SymbolResult>[] = [
    {
      name: "Symbol",
      cell: ({ symbol }) => (
        <button type="button" className="quiet" onClick={() => onSymbol(symbol)}>
          {symbol}
          <span className="spoken">: show its trades</span>
        </button>
      ),
    },
    { name: "Trades", term: "Trades", cell: ({ trades }) => count(trades) },
    {
      name: "Won",
      term: "Won",
      cell: ({ won, trades }) => <Ratio text={percent(won / trades, 0)} closed={trades} wins={won} />,
    },
    net("Net", (of) => of.net),
    net("Mean net", (of) => of.net / of.trades),
    net("Best", ({ best }) => best),
    net("Worst", ({ worst }) => worst),
    paid("Fees", ({ fees }) => fees),
    paid("Slippage", ({ slippage }) => slippage),
    ...(symbols.some(({ borrow }) => borrow > 0) ? [paid("Borrow", ({ borrow }) => borrow)] : []),
    {
      name: "Mean held",
      term: "Mean held",
      cell: ({ held }) => <Value>{held === undefined ? "" : coarse(held)}</Value>,
    },
  ];
  return (
    <TableBox
      box="table-box"
      name="Closed trades by symbol, table"
      isBusy={!isWhole}
      className="rows"
      columns={columns}
      rows={symbols}
      keyOf={({ symbol }) => symbol}
    />
  );
}
