/** Open positions and closed trades of all bots, a page at a time; the desk filters and sorts them. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { PositionLine, PositionPage, TradeLine, TradePage } from "../../api/schema";
import { nameOf } from "../../lib/bot";
import { count, money, price, quantity } from "../../lib/money";
import { percent } from "../../lib/percent";
import type { Roster } from "../../lib/roster";
import { pathOf } from "../../lib/route";
import { dayOrClock, instant, stamp } from "../../lib/time";
import { type Fetched, useFetched } from "../../lib/use-fetched";
import { FilterField } from "../../ui/filter";
import { useDesk } from "../../ui/frame/desk";
import { follow } from "../../ui/frame/top-bar";
import { Net, NoData, Value } from "../../ui/number";
import { FetchState } from "../../ui/panel";
import { type Sort, Sortable } from "../../ui/sortable";
import { type Column, TableBox } from "../../ui/table";
import { Term } from "../../ui/term";

const LIMIT = 100;
const SETTLE_MS = 250; // after the last letter of a filter

type Line = PositionLine | TradeLine;

interface Props {
  roster: Roster;
  version: string;
}

interface RowsProps<T extends Line> extends Props {
  title: string;
  part: "positions" | "trades";
  /** What the desk calls the column that is sorted by. */
  sorts: Readonly<Record<string, string>>;
  first: Sort;
  columns: (of: Of) => Column<T>[];
  none: string;
  note?: (page: PositionPage & TradePage) => ComponentChildren;
}

interface Of {
  roster: Roster;
  market: number | undefined;
  still: boolean;
}

/** The last data that there was: while another page is fetched it stays. */
function useLast<T>(fetched: Fetched<T>): T | undefined {
  const last = useRef<T>();
  if (fetched.data) last.current = fetched.data;
  return last.current;
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

function Rows<T extends Line>({ roster, version, title, part, sorts, first, columns, none, note }: RowsProps<T>) {
  const { market, still } = useDesk();
  const [sort, setSort] = useState<Sort>(first);
  const [filter, setFilter] = useState("");
  const [offset, setOffset] = useState(0);
  const asked = useSettled(filter.trim().slice(0, 60));
  const query = new URLSearchParams({
    sort: sorts[sort.by] ?? "",
    down: String(sort.down),
    filter: asked,
    offset: String(offset),
    limit: String(LIMIT),
  });
  const fetched = useFetched<{ total: number; rows: T[] }>(`/api/portfolio/${part}?${query}`, version);
  const page = useLast(fetched);
  const total = page?.total ?? 0;
  const rows = page?.rows ?? [];
  useEffect(() => {
    if (offset > 0 && page && offset >= total) setOffset(0);
  }, [offset, page, total]);
  return (
    <section className="panel bot-panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {page && <small>{count(total)}</small>}
        <div className="tools">
          <FilterField
            what={title.toLowerCase()}
            value={filter}
            onChange={(text) => {
              setFilter(text);
              setOffset(0);
            }}
          />
        </div>
      </header>
      <FetchState fetched={page ? { ...fetched, data: page } : fetched} what={title.toLowerCase()} />
      {rows.length > 0 && (
        <TableBox
          box="table-box"
          name={`${title}, table`}
          className="rows"
          isBusy={!fetched.data}
          columns={columns({ roster, market, still })}
          rows={rows}
          keyOf={({ kind, bot, key }) => `${kind} ${bot} ${key}`}
          headOf={(column) =>
            sorts[column.name] ? (
              <Sortable
                key={column.name}
                column={column}
                sort={sort}
                onSort={(next) => {
                  setSort(next);
                  setOffset(0);
                }}
              />
            ) : (
              <th key={column.name} scope="col" className={column.className}>
                {column.term ? (
                  <Term name={column.term}>{column.head ?? column.name}</Term>
                ) : (
                  (column.head ?? column.name)
                )}
              </th>
            )
          }
        />
      )}
      {page && rows.length === 0 && <p className="note">{asked ? `Nothing matches “${asked}”.` : none}</p>}
      {page && total > LIMIT && (
        <p className="pager">
          <button
            type="button"
            className="button"
            disabled={offset === 0}
            onClick={() => setOffset(Math.max(0, offset - LIMIT))}
          >
            Previous<span className="spoken"> {title.toLowerCase()}</span>
          </button>
          <span>
            {count(offset + 1)} to {count(Math.min(total, offset + LIMIT))} of {count(total)}
          </span>
          <button
            type="button"
            className="button"
            disabled={offset + LIMIT >= total}
            onClick={() => setOffset(offset + LIMIT)}
          >
            Next<span className="spoken"> {title.toLowerCase()}</span>
          </button>
        </p>
      )}
      {page && note?.(page as unknown as PositionPage & TradePage)}
    </section>
  );
}

/** Leads to the page of a row's bot. */
function BotLink({ line, roster }: { line: Line; roster: Roster }) {
  const bot = roster.byKey.get(`${line.kind}/${line.bot}`) ?? line;
  return (
    <a className="quiet" href={pathOf(bot)} onClick={follow}>
      {nameOf(line)}
    </a>
  );
}

function Time({ at, market }: { at: string | undefined; market: number | undefined }) {
  const ms = instant(at);
  return ms === undefined ? <NoData /> : <Value>{dayOrClock(ms, market)}</Value>;
}

const SORTS = {
  positions: {
    Symbol: "symbol", Bot: "bot", Quantity: "quantity", Value: "value", Weight: "weight", Unrealized: "result",
    Since: "opened_at",
  },
  trades: {
    Closed: "closed_at", Symbol: "symbol", Bot: "bot", Quantity: "quantity", Opened: "opened_at", Fees: "fees", Net: "result",
  },
} as const; // biome-ignore format: names side by side

function positionColumns({ roster, market, still }: Of): Column<PositionLine>[] {
  return [
    {
      name: "Symbol",
      cell: ({ symbol, position }) => (
        <>
          <b>{symbol}</b> <small>{position.quantity < 0 ? "short" : "long"}</small>
        </>
      ),
    },
    { name: "Bot", className: "left", cell: (line) => <BotLink line={line} roster={roster} /> },
    { name: "Quantity", term: "Quantity", cell: ({ position }) => quantity(position.quantity) },
    { name: "Entry", term: "Entry", cell: ({ position }) => price(position.average_price) },
    { name: "Last", term: "Last", cell: ({ position }) => <Value>{price(position.last_price)}</Value> },
    {
      name: "Value",
      term: "Value",
      cell: (line) => <Value>{money(line.position.market_value, line)}</Value>,
    },
    { name: "Ccy", className: "left", cell: ({ currency }) => currency },
    { name: "Weight", term: "Weight", cell: ({ position }) => <Value>{percent(position.weight, 1)}</Value> },
    {
      name: "Unrealized",
      term: "Unrealized",
      cell: (line) => <Net of={line} value={line.position.unrealized_pnl} still={still} />,
    },
    { name: "Since", term: "Since", cell: ({ position }) => <Time at={position.opened_at} market={market} /> },
  ];
}

function tradeColumns({ roster, market }: Of): Column<TradeLine>[] {
  return [
    { name: "Closed", cell: ({ trade }) => <Time at={trade.ts} market={market} /> },
    {
      name: "Symbol",
      className: "left",
      cell: ({ trade }) => (
        <>
          <b>{trade.symbol}</b> <small>{trade.side === "buy" ? "long" : "short"}</small>
        </>
      ),
    },
    { name: "Bot", className: "left", cell: (line) => <BotLink line={line} roster={roster} /> },
    { name: "Quantity", term: "Quantity", cell: ({ trade }) => quantity(trade.quantity) },
    { name: "Entry", term: "Entry", cell: ({ trade }) => price(trade.entry_price) },
    { name: "Exit", term: "Exit", cell: ({ trade }) => price(trade.exit_price) },
    { name: "Opened", cell: ({ trade }) => <Time at={trade.opened_at} market={market} /> },
    { name: "Fees", term: "Fees", cell: (line) => <Value>{money(line.trade.fees ?? 0, line)}</Value> },
    { name: "Net", term: "Net", cell: (line) => <Net of={line} value={line.trade.realized_pnl} still /> },
    { name: "Ccy", className: "left", cell: ({ currency }) => currency },
    { name: "Reason", className: "left who", cell: ({ trade }) => <Value>{trade.reason ?? ""}</Value> },
  ];
}

export function PositionPanel(props: Props) {
  return (
    <Rows<PositionLine>
      {...props}
      title="All open positions"
      part="positions"
      sorts={SORTS.positions}
      first={{ by: "Value", down: true }}
      columns={positionColumns}
      none="No bot holds a position."
    />
  );
}

export function TradePanel(props: Props) {
  const { market } = useDesk();
  return (
    <Rows<TradeLine>
      {...props}
      title="Closed trades of all bots"
      part="trades"
      sorts={SORTS.trades}
      first={{ by: "Closed", down: true }}
      columns={tradeColumns}
      none="The bots' newest files hold no closed trade."
      note={({ oldest }) => {
        const ms = instant(oldest);
        return ms === undefined ? null : (
          <p className="note soft">
            Trades in the bots’ newest files, back to {stamp(ms, market)}. Older days are on each bot’s page.
          </p>
        );
      }}
    />
  );
}
