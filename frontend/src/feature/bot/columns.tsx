/** What a bot did as tables: the columns of each part, what is sorted by, and what stands in the CSV file. */

import type { ComponentChildren } from "preact";
import type { BotRows, Decision, Fill, Order, Trade } from "../../api/schema";
import { coarse } from "../../lib/age";
import type { Cell } from "../../lib/csv";
import { decimal, money, price, quantity, sharedDecimals, type Unit } from "../../lib/money";
import { byName } from "../../lib/order";
import { percent, returnOn, typeset } from "../../lib/percent";
import { plain } from "../../lib/plain";
import type { TermName } from "../../lib/terms";
import { instant } from "../../lib/time";
import { Net, NetPercent, Value } from "../../ui/number";
import type { Sort } from "../../ui/sortable";
import { orderSize } from "./order-size";

export type Part = "trades" | "orders" | "fills" | "decisions";

export type Row = [id: string, day: string, row: Trade | Order | Fill | Decision];

export interface Column {
  title: string;
  /** Word of the glossary that explains it. */
  term?: TermName;
  /** What stands in the CSV file. */
  name: string;
  cell: (row: Row[2], decimals: number, unit: Unit) => ComponentChildren;
  /** What the column is sorted by, too. */
  csv: (row: Row[2]) => Cell;
  left?: boolean;
  /** True to show it only where a row has a value. */
  ifAny?: boolean;
}

interface ColumnOf<T> extends Omit<Column, "cell" | "csv"> {
  cell: (row: T, decimals: number, unit: Unit) => ComponentChildren;
  csv: (row: T) => Cell;
}

function columnsOf<T extends Row[2]>(columns: ColumnOf<T>[]): Column[] {
  return columns as unknown as Column[]; // the rows of a part are of one type
}

const text = (value: string): ComponentChildren => <Value>{value}</Value>;

const sideOf = (row: { side: string }): string => (row.side === "buy" ? "Buy" : "Sell");

/** How long a trade was held, ms. */
export function heldMs(trade: Trade): number | undefined {
  const from = instant(trade.opened_at);
  const to = instant(trade.ts);
  return from === undefined || to === undefined ? undefined : to - from;
}

/** Net result of a trade: what its file says, else on its stake, else on what its entry was worth; a fraction. */
export function tradeReturn(trade: Trade): number | undefined {
  if (trade.return !== undefined) return trade.return;
  const entry = trade.stake || trade.entry_price * trade.quantity * (trade.multiplier ?? 1);
  return returnOn(entry + trade.realized_pnl, entry);
}

const heldText = (trade: Trade): string => {
  const ms = heldMs(trade);
  return ms === undefined ? "" : coarse(ms);
};

const heldSeconds = (trade: Trade): number | undefined => {
  const ms = heldMs(trade);
  return ms === undefined ? undefined : ms / 1000;
};

export const COLUMNS: Record<Part, Column[]> = {
  trades: columnsOf<Trade>([
    { title: "Symbol", name: "symbol", cell: (row) => <b>{row.symbol}</b>, csv: (row) => row.symbol, left: true },
    { title: "Side", name: "side", cell: (row) => (row.side === "buy" ? "long" : "short"), csv: (row) => row.side, left: true },
    { title: "Quantity", term: "Quantity", name: "quantity", cell: (row) => quantity(row.quantity), csv: (row) => row.quantity },
    { title: "Entry", term: "Entry", name: "entry_price", cell: (row, decimals) => price(row.entry_price, decimals), csv: (row) => row.entry_price },
    { title: "Exit", term: "Exit", name: "exit_price", cell: (row, decimals) => price(row.exit_price, decimals), csv: (row) => row.exit_price },
    { title: "Held", term: "Time held", name: "held_s", cell: (row) => text(heldText(row)), csv: heldSeconds },
    { title: "Fees", term: "Fees", name: "fees", cell: (row, _, unit) => money(row.fees ?? 0, unit), csv: (row) => row.fees },
    { title: "Slippage", term: "Slippage", name: "slippage", cell: (row, _, unit) => money(row.slippage ?? 0, unit), csv: (row) => row.slippage },
    { title: "Borrow", term: "Borrow", name: "borrow", cell: (row, _, unit) => money(row.borrow ?? 0, unit), csv: (row) => row.borrow, ifAny: true },
    { title: "Funding", term: "Funding", name: "funding", cell: (row, _, unit) => <Net value={row.funding} of={unit} />, csv: (row) => row.funding, ifAny: true },
    { title: "Leverage", term: "Leverage", name: "leverage", cell: (row) => text(row.leverage === undefined ? "" : `${plain(row.leverage)}×`), csv: (row) => row.leverage, ifAny: true },
    { title: "Stake", term: "Stake", name: "stake", cell: (row, _, unit) => text(money(row.stake, unit)), csv: (row) => row.stake, ifAny: true },
    { title: "Account", name: "account", cell: (row) => text(row.account ?? ""), csv: (row) => row.account, left: true, ifAny: true },
    { title: "Net", term: "Net", name: "realized_pnl", cell: (row, _, unit) => <Net value={row.realized_pnl} of={unit} />, csv: (row) => row.realized_pnl },
    { title: "Return", term: "Return", name: "return", cell: (row) => <NetPercent value={tradeReturn(row)} />, csv: tradeReturn },
    { title: "Exit reason", name: "reason", cell: (row) => text(typeset(row.reason ?? "")), csv: (row) => row.reason, left: true },
  ]),
  orders: columnsOf<Order>([
    { title: "Symbol", name: "symbol", cell: (row) => <b>{row.symbol}</b>, csv: (row) => row.symbol, left: true },
    { title: "Side", name: "side", cell: sideOf, csv: (row) => row.side, left: true },
    { title: "Type", name: "type", cell: (row) => row.type ?? "market", csv: (row) => row.type, left: true },
    { title: "Quantity", term: "Quantity", name: "quantity", cell: orderSize, csv: (row) => row.quantity },
    { title: "Weight", name: "weight", cell: (row) => text(percent(row.weight)), csv: (row) => row.weight, ifAny: true },
    { title: "Filled", term: "Filled", name: "filled_quantity", cell: (row) => quantity(row.filled_quantity ?? 0), csv: (row) => row.filled_quantity },
    { title: "Status", name: "status", cell: (row) => row.status, csv: (row) => row.status, left: true },
    { title: "Reason", name: "reason", cell: (row) => text(typeset([row.reason, row.detail].filter(Boolean).join(" · "))), csv: (row) => row.reason, left: true },
  ]),
  fills: columnsOf<Fill>([
    { title: "Symbol", name: "symbol", cell: (row) => <b>{row.symbol}</b>, csv: (row) => row.symbol, left: true },
    { title: "Side", name: "side", cell: sideOf, csv: (row) => row.side, left: true },
    { title: "Quantity", term: "Quantity", name: "quantity", cell: (row) => quantity(row.quantity), csv: (row) => row.quantity },
    { title: "Price", term: "Price", name: "price", cell: (row, decimals) => price(row.price, decimals), csv: (row) => row.price },
    { title: "Fee", term: "Fees", name: "fee", cell: (row, _, unit) => (row.fee_currency ? plain(row.fee ?? 0) : money(row.fee ?? 0, unit)), csv: (row) => row.fee },
    { title: "Fee currency", name: "fee_currency", cell: (row) => text(row.fee_currency ?? ""), csv: (row) => row.fee_currency, left: true, ifAny: true },
    { title: "Fee value", term: "Fee value", name: "fee_value", cell: (row, _, unit) => text(money(row.fee_value, unit)), csv: (row) => row.fee_value, ifAny: true },
    { title: "Funding", term: "Funding", name: "funding", cell: (row, _, unit) => <Net value={row.funding} of={unit} />, csv: (row) => row.funding, ifAny: true },
    { title: "Account", name: "account", cell: (row) => text(row.account ?? ""), csv: (row) => row.account, left: true, ifAny: true },
    { title: "Slippage", term: "Slippage", name: "slippage", cell: (row, _, unit) => money(row.slippage ?? 0, unit), csv: (row) => row.slippage },
    { title: "Realized", term: "Realized", name: "realized_pnl", cell: (row, _, unit) => <Net value={row.realized_pnl} of={unit} />, csv: (row) => row.realized_pnl },
    { title: "Reason", name: "reason", cell: (row) => text(typeset(row.reason ?? "")), csv: (row) => row.reason, left: true },
  ]),
  decisions: columnsOf<Decision>([
    { title: "Symbol", name: "symbol", cell: (row) => <b>{row.symbol ?? "all"}</b>, csv: (row) => row.symbol, left: true },
    { title: "Action", name: "action", cell: (row) => row.action, csv: (row) => row.action, left: true },
    { title: "Strength", term: "Strength", name: "confidence", cell: (row) => text(decimal(row.confidence, 2)), csv: (row) => row.confidence },
    { title: "Reason", name: "reason", cell: (row) => text(typeset(row.reason ?? "")), csv: (row) => row.reason, left: true },
  ]),
}; // biome-ignore format: a column a line

/** Those of `columns` that a table of `rows` shows. */
export function shownColumns(columns: readonly Column[], rows: readonly Row[]): Column[] {
  return columns.filter((column) => !column.ifAny || rows.some(([, , row]) => column.csv(row)));
}

/** Decimals of all prices of a table. */
export function rowDecimals(tick: number | undefined, rows: readonly Row[]): number {
  return sharedDecimals(
    tick,
    rows.flatMap(([, , row]) =>
      "price" in row ? [row.price] : "entry_price" in row ? [row.entry_price, row.exit_price] : [],
    ),
  );
}

/** The rows of a page, the newest first. */
export function rowsOf(found: BotRows | undefined, part: Part): Row[] {
  return Object.entries(found?.[part] ?? {}).map(([id, row]) => [id, found?.days?.[id] ?? "", row]);
}

export const NEWEST_FIRST: Sort = { by: "ts", down: true };

/** `rows` in the order of `sort`; what has no value comes last either way, equals stay as they were. */
export function sortRows(rows: readonly Row[], columns: readonly Column[], sort: Sort): Row[] {
  const column = columns.find((each) => each.name === sort.by);
  const key = (row: Row): Cell => (column ? column.csv(row[2]) : instant(row[2].ts));
  const way = sort.down ? -1 : 1;
  return rows
    .map((row) => [row, key(row)] as const)
    .sort(([, a], [, b]) => {
      if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
      if (typeof a === "number" && typeof b === "number") return way * (a - b);
      return way * byName(String(a), String(b));
    })
    .map(([row]) => row);
}

/** Rows in whose id or columns each word of `filter` stands. */
export function filterRows(rows: readonly Row[], columns: readonly Column[], filter: string): Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...rows];
  return rows.filter(([id, day, row]) => {
    const held = "side" in row && "entry_price" in row ? (row.side === "buy" ? "long" : "short") : "";
    const all = [id, day, held, ...columns.map((column) => String(column.csv(row) ?? ""))].join(" ").toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

export interface SymbolResult {
  symbol: string;
  trades: number;
  won: number;
  net: number;
  fees: number;
  slippage: number;
  borrow: number;
  best: number;
  worst: number;
  /** Mean time held, ms; undefined where no trade says it. */
  held?: number;
}

/** Closed trades by symbol, the best net result first. */
export function bySymbol(rows: readonly Row[]): SymbolResult[] {
  const groups = new Map<string, Trade[]>();
  for (const [, , row] of rows) {
    const trade = row as Trade;
    groups.set(trade.symbol, [...(groups.get(trade.symbol) ?? []), trade]);
  }
  const sum = (values: number[]): number => Math.round(values.reduce((a, b) => a + b, 0) * 100) / 100;
  return [...groups]
    .map(([symbol, trades]): SymbolResult => {
      const nets = trades.map((trade) => trade.realized_pnl);
      const held = trades.flatMap((trade) => heldMs(trade) ?? []);
      return {
        symbol,
        trades: trades.length,
        won: nets.filter((net) => net > 0).length,
        net: sum(nets),
        fees: sum(trades.map((trade) => trade.fees ?? 0)),
        slippage: sum(trades.map((trade) => trade.slippage ?? 0)),
        borrow: sum(trades.map((trade) => trade.borrow ?? 0)),
        best: Math.max(...nets),
        worst: Math.min(...nets),
        ...(held.length > 0 ? { held: held.reduce((a, b) => a + b, 0) / held.length } : {}),
      };
    })
    .sort((a, b) => b.net - a.net || byName(a.symbol, b.symbol));
}
