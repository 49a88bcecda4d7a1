/** Trades, orders, fills and decisions of any day that is kept, by page; each row opens to what stands behind it. */

import { type ReactNode, useEffect, useRef, useState } from "react";
import type { BotDays, BotRows, BotView, Decision, Fill, Order, Trade } from "../../api/schema";
import type { Cell } from "../../lib/csv";
import { count, decimal, money, price, quantity } from "../../lib/money";
import { dayName, instant, shortStamp, shownName, UTC } from "../../lib/time";
import { useDesk } from "../../ui/frame/desk";
import { Net, NoData, Value } from "../../ui/number";
import { Chain } from "./chain";
import { CsvButton, FetchState, Panel } from "./panel";
import { useFetched } from "./use-fetched";

export type Part = "trades" | "orders" | "fills" | "decisions";

const PARTS: readonly Part[] = ["trades", "orders", "fills", "decisions"];
const TITLES: Record<Part, string> = {
  trades: "Closed trades",
  orders: "Orders",
  fills: "Fills",
  decisions: "Decisions",
};
const LIMIT = 25;

const EMPTY: Record<Part, string> = {
  trades: "No trade was closed",
  orders: "No order was given",
  fills: "Nothing was filled",
  decisions: "Nothing was decided",
};

export interface Chosen {
  part: Part;
  day: string;
  symbol: string;
}

interface Props {
  bot: BotView;
  days: BotDays | undefined;
  chosen: Chosen;
  onChosen: (chosen: Chosen) => void;
}

type Row = [id: string, day: string, row: Trade | Order | Fill | Decision];

interface Column {
  title: string;
  /** What stands in the CSV file. */
  name: string;
  cell: (row: Row[2]) => ReactNode;
  csv: (row: Row[2]) => Cell;
  left?: boolean;
}

const sideOf = (row: { side: string }): string => (row.side === "buy" ? "Buy" : "Sell");

function columnsOf<T extends Row[2]>(
  columns: {
    title: string;
    name: string;
    cell: (row: T) => ReactNode;
    csv: (row: T) => Cell;
    left?: boolean;
  }[],
): Column[] {
  return columns as unknown as Column[]; // the rows of a part are of one type
}

const text = (value: string): ReactNode => <Value>{value}</Value>;

const COLUMNS: Record<Part, Column[]> = {
  trades: columnsOf<Trade>([
    { title: "Symbol", name: "symbol", cell: (row) => <b>{row.symbol}</b>, csv: (row) => row.symbol, left: true },
    { title: "Side", name: "side", cell: (row) => (row.side === "buy" ? "long" : "short"), csv: (row) => row.side, left: true },
    { title: "Quantity", name: "quantity", cell: (row) => quantity(row.quantity), csv: (row) => row.quantity },
    { title: "Entry", name: "entry_price", cell: (row) => price(row.entry_price), csv: (row) => row.entry_price },
    { title: "Exit", name: "exit_price", cell: (row) => price(row.exit_price), csv: (row) => row.exit_price },
    { title: "Fees", name: "fees", cell: (row) => money(row.fees ?? 0), csv: (row) => row.fees },
    { title: "Slippage", name: "slippage", cell: (row) => money(row.slippage ?? 0), csv: (row) => row.slippage },
    { title: "Net", name: "realized_pnl", cell: (row) => <Net value={row.realized_pnl} />, csv: (row) => row.realized_pnl },
    { title: "Closed because", name: "reason", cell: (row) => text(row.reason ?? ""), csv: (row) => row.reason, left: true },
  ]),
  orders: columnsOf<Order>([
    { title: "Symbol", name: "symbol", cell: (row) => <b>{row.symbol}</b>, csv: (row) => row.symbol, left: true },
    { title: "Side", name: "side", cell: sideOf, csv: (row) => row.side, left: true },
    { title: "Type", name: "type", cell: (row) => row.type ?? "market", csv: (row) => row.type, left: true },
    { title: "Quantity", name: "quantity", cell: (row) => quantity(row.quantity), csv: (row) => row.quantity },
    { title: "Filled", name: "filled_quantity", cell: (row) => quantity(row.filled_quantity ?? 0), csv: (row) => row.filled_quantity },
    { title: "Status", name: "status", cell: (row) => row.status, csv: (row) => row.status, left: true },
    { title: "Reason", name: "reason", cell: (row) => text([row.reason, row.detail].filter(Boolean).join(" · ")), csv: (row) => row.reason, left: true },
  ]),
  fills: columnsOf<Fill>([
    { title: "Symbol", name: "symbol", cell: (row) => <b>{row.symbol}</b>, csv: (row) => row.symbol, left: true },
    { title: "Side", name: "side", cell: sideOf, csv: (row) => row.side, left: true },
    { title: "Quantity", name: "quantity", cell: (row) => quantity(row.quantity), csv: (row) => row.quantity },
    { title: "Price", name: "price", cell: (row) => price(row.price), csv: (row) => row.price },
    { title: "Fee", name: "fee", cell: (row) => money(row.fee ?? 0), csv: (row) => row.fee },
    { title: "Slippage", name: "slippage", cell: (row) => money(row.slippage ?? 0), csv: (row) => row.slippage },
    { title: "Realized", name: "realized_pnl", cell: (row) => <Net value={row.realized_pnl} />, csv: (row) => row.realized_pnl },
    { title: "Reason", name: "reason", cell: (row) => text(row.reason ?? ""), csv: (row) => row.reason, left: true },
  ]),
  decisions: columnsOf<Decision>([
    { title: "Symbol", name: "symbol", cell: (row) => <b>{row.symbol ?? "all"}</b>, csv: (row) => row.symbol, left: true },
    { title: "Action", name: "action", cell: (row) => row.action, csv: (row) => row.action, left: true },
    { title: "Strength", name: "confidence", cell: (row) => text(decimal(row.confidence, 2)), csv: (row) => row.confidence },
    { title: "Reason", name: "reason", cell: (row) => text(row.reason ?? ""), csv: (row) => row.reason, left: true },
  ]),
}; // biome-ignore format: a column a line

function rowsOf(found: BotRows | undefined, part: Part): Row[] {
  return Object.entries(found?.[part] ?? {}).map(([id, row]) => [id, found?.days?.[id] ?? "", row]);
}

export function Activity({ bot, days, chosen, onChosen }: Props) {
  const { market } = useDesk();
  const { part, day, symbol } = chosen;
  const query = new URLSearchParams({ limit: String(LIMIT), ...(day && { day }), ...(symbol && { symbol }) });
  const base = `/api/bots/${encodeURIComponent(bot.bot)}/history/${part}?${query}`;
  const fetched = useFetched<BotRows>(base, bot.as_of);
  const [older, setOlder] = useState<{ base: string; rows: Row[]; next?: string; failed: string }>();
  const [opened, setOpened] = useState("");
  const panel = useRef<HTMLDivElement>(null);
  const more = older?.base === base ? older : undefined;
  const newest = rowsOf(fetched.data, part);
  const seen = new Set(newest.map(([id]) => id));
  const rows = [...newest, ...(more?.rows ?? []).filter(([id]) => !seen.has(id))];
  const next = more ? more.next : fetched.data?.next;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another choice shows other rows
  useEffect(() => setOpened(""), [base]);

  const loadMore = async (): Promise<void> => {
    if (!next) return;
    const kept = more?.rows ?? [];
    try {
      const answer = await fetch(`${base}&before=${encodeURIComponent(next)}`);
      if (!answer.ok) throw new Error(`the desk answered ${answer.status}`);
      const page = (await answer.json()) as BotRows;
      setOlder({ base, rows: [...kept, ...rowsOf(page, part)], next: page.next, failed: "" });
    } catch (error) {
      const failed = error instanceof Error ? error.message : String(error);
      setOlder({ base, rows: kept, next, failed });
    }
  };
  const columns = COLUMNS[part];
  const broken = Object.entries(fetched.data?.errors ?? {});
  const where = [day && `on ${dayName(day, market, UTC)}`, symbol && `in ${symbol}`].filter(Boolean).join(" ");
  return (
    <Panel
      title="What it did"
      at={fetched.at}
      verb="read"
      held={fetched.error !== ""}
      className="activity"
      tools={
        <CsvButton
          of={TITLES[part]}
          name={`aion-${bot.bot}-${part}.csv`}
          head={["id", "day", "ts", ...columns.map((column) => column.name)]}
          rows={() => rows.map(([id, at, row]) => [id, at, row.ts, ...columns.map((column) => column.csv(row))])}
        />
      }
    >
      <div className="activity-bar" ref={panel}>
        <fieldset className="segments">
          <legend className="spoken">What is listed</legend>
          {PARTS.map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="activity-part"
                checked={each === part}
                onChange={() => onChosen({ ...chosen, part: each })}
              />
              <span>{TITLES[each]}</span>
            </label>
          ))}
        </fieldset>
        <label className="choice">
          Day{" "}
          <select value={day} onChange={(event) => onChosen({ ...chosen, day: event.target.value })}>
            <option value="">all kept</option>
            {day && !days?.days?.[day] && <option value={day}>{day}</option>}
            {Object.keys(days?.days ?? {}).map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        {symbol && (
          <button type="button" className="button" onClick={() => onChosen({ ...chosen, symbol: "" })}>
            {symbol} only <span aria-hidden="true">×</span>
            <span className="spoken">: show all symbols</span>
          </button>
        )}
      </div>
      <FetchState fetched={fetched} what={TITLES[part].toLowerCase()} />
      {broken.map(([at, why]) => (
        <p key={at} className="fetch-state attention-text">
          {at}: {why}
        </p>
      ))}
      {fetched.data && rows.length === 0 && (
        <p className="none pad">
          {EMPTY[part]} {where || "yet"}.
        </p>
      )}
      {rows.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
        <section className="table-box" tabIndex={0} aria-label={`${TITLES[part]}, table`}>
          <table className={`rows ${part}`}>
            <thead>
              <tr>
                <th scope="col">Time, {shownName(market ?? 0)}</th>
                {columns.map((column) => (
                  <th key={column.name} scope="col" className={column.left ? "left" : undefined}>
                    {column.title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(([id, at, row]) => (
                <RowLines
                  key={id}
                  bot={bot.bot}
                  part={part}
                  id={id}
                  day={at}
                  row={row}
                  columns={columns}
                  isOpen={opened === id}
                  onToggle={() => setOpened(opened === id ? "" : id)}
                />
              ))}
            </tbody>
          </table>
        </section>
      )}
      <p className="more">
        {rows.length > 0 && (
          <small>
            {count(rows.length)} shown, the newest first{next ? "" : "; no older ones are kept"}.
          </small>
        )}
        {next && (
          <button type="button" className="button" onClick={() => void loadMore()}>
            Older
          </button>
        )}
        {more?.failed && <small className="attention-text">Not read: {more.failed}.</small>}
      </p>
    </Panel>
  );
}

interface RowProps {
  bot: string;
  part: Part;
  id: string;
  day: string;
  row: Row[2];
  columns: Column[];
  isOpen: boolean;
  onToggle: () => void;
}

function RowLines({ bot, part, id, day, row, columns, isOpen, onToggle }: RowProps) {
  const { market } = useDesk();
  const at = instant(row.ts);
  const name = "symbol" in row && row.symbol ? row.symbol : id;
  return (
    <>
      <tr className={isOpen ? "open" : undefined}>
        <th scope="row">
          <button type="button" className="opener" aria-expanded={isOpen} onClick={onToggle}>
            <span className="twist" aria-hidden="true" />
            {at === undefined ? <NoData /> : shortStamp(at, market)}
            <span className="spoken"> {name}: what stands behind it</span>
          </button>
        </th>
        {columns.map((column) => (
          <td key={column.name} className={column.left ? "left" : undefined}>
            {column.cell(row)}
          </td>
        ))}
      </tr>
      {isOpen && (
        <tr className="behind">
          <td colSpan={columns.length + 1}>
            <Chain bot={bot} part={part} row={id} day={day} />
          </td>
        </tr>
      )}
    </>
  );
}
