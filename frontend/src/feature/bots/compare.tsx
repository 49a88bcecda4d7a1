/** All bots in one table, by currency; the same figures as the cards, one line a bot. */

import { useMemo, useRef } from "preact/hooks";
import type { Asked, ClockState } from "../../api/schema";
import { StateIcon } from "../../bot/chip";
import { AllControls } from "../../bot/controls";
import { costsOf, totalReturn } from "../../bot/figure";
import { dayText, fallNote, maxFallText } from "../../bot/span-text";
import { type CardState, dueAt } from "../../bot/state";
import type { States } from "../../bot/states";
import { brief, due as dueText } from "../../lib/age";
import { type Bot, keyOf, nameOf } from "../../lib/bot";
import { type Cell, download, toCsv } from "../../lib/csv";
import { wallSpan } from "../../lib/market";
import { cost, count, moneyChange, plural } from "../../lib/money";
import { fall, percent, percentChange, returnOn } from "../../lib/percent";
import { useMayAsk } from "../../lib/role";
import { pathOf } from "../../lib/route";
import { ROWS } from "../../lib/seen";
import { useTicking } from "../../lib/ticker";
import { dayOrClock, instant, localStamp, stamp } from "../../lib/time";
import { useSeen } from "../../lib/use-roster";
import { Age, Brief } from "../../ui/age";
import { FilterField } from "../../ui/filter";
import { useDesk } from "../../ui/frame/desk";
import { follow } from "../../ui/frame/top-bar";
import { Menu } from "../../ui/menu";
import { factor, Money, Net, NetPercent, NoData, Ratio, Value } from "../../ui/number";
import { type Sort, Sortable } from "../../ui/sortable";
import { type Column, TableBox } from "../../ui/table";
import { useSlice } from "../../ui/use-slice";
import { namesOf, type Row } from "./rows";
import "./compare.css";

interface Props {
  /** Those that the filter leaves in, in the order of the table. */
  rows: readonly Row[];
  /** All of the desk. */
  bots: readonly Bot[];
  states: States;
  openPositions: number;
  run: string | undefined;
  /** Newest market time of all bots, ms. */
  asOf: number | undefined;
  asked: Asked | undefined;
  filter: string;
  onFilter: (text: string) => void;
  sort: Sort | undefined;
  onSort: (sort: Sort) => void;
}

/** Characters of a name beside which the phone has room for the equity. */
const LONG_NAME = 16;

const HEAD = [
  "bot", "kind", "currency", "exchange", "state", "equity", "day", "day_gross", "day_fees", "day_slippage", "day_borrow", "day_net",
  "total_gross", "total_fees", "total_slippage", "total_borrow", "total_net", "total_return", "hold_return", "drawdown", "exposure", "closed_trades", "win_rate", "profit_factor", "as_of", "written_at",
  "start_equity", "net", "max_drawdown", "drawdown_since",
]; // biome-ignore format: one row of names

/** Rows of the CSV file: plain numbers, fractions for ratios, ISO times. */
export function compareRows(bots: readonly Bot[], states: States): Cell[][] {
  return bots.map((bot) => [
    bot.bot,
    bot.kind,
    bot.currency,
    bot.exchange,
    states.get(keyOf(bot))?.word,
    bot.equity,
    bot.day,
    bot.day_pnl?.gross,
    bot.day_pnl?.fees,
    bot.day_pnl?.slippage,
    bot.day_pnl?.borrow,
    bot.day_pnl?.net,
    bot.total_pnl?.gross,
    bot.total_pnl?.fees,
    bot.total_pnl?.slippage,
    bot.total_pnl?.borrow,
    bot.total_pnl?.net,
    totalReturn(bot),
    returnOn(bot.hold_equity, bot.start_equity),
    bot.stats?.drawdown,
    bot.stats?.exposure,
    bot.stats?.closed_trades,
    bot.stats?.win_rate,
    bot.stats?.profit_factor,
    bot.as_of,
    bot.written_at,
    bot.start_equity,
    bot.net,
    bot.stats?.max_drawdown,
    bot.drawdown_of?.since,
  ]);
}

/** Age of the newest write, and when the next one is due. */
function Heartbeat({ bot, state, clock }: { bot: Bot; state: CardState; clock: ClockState | undefined }) {
  const { sessions, market } = useDesk();
  const written = instant(bot.written_at);
  if (state.kind === "late" && state.since !== undefined) {
    return (
      <span className="attention-text">
        late{" "}
        <small>
          <Age at={state.since} />
        </small>
      </span>
    );
  }
  if (state.kind === "closed") {
    const session = bot.exchange ? sessions[bot.exchange] : undefined;
    const opens = instant(session?.next_open_at) ?? instant(session?.opens_at);
    return (
      <>
        {state.word}{" "}
        {opens !== undefined && market !== undefined && opens > market && (
          <small>opens {localStamp(opens, market, session?.timezone ?? "UTC")}</small>
        )}
      </>
    );
  }
  const mark = instant(bot.next_mark_at);
  const span = bot.kind === "swing" && mark !== undefined ? wallSpan(mark, clock, Object.values(sessions)) : undefined;
  const due = bot.kind === "swing" ? (instant(bot.next_mark_wall_at) ?? dueAt(bot, clock)) : dueAt(bot, clock);
  if (written === undefined) return <NoData />;
  return (
    <>
      {bot.kind === "swing" ? <Brief at={written} /> : <Age at={written} />}{" "}
      {state.kind !== "finished" &&
        (span === undefined ? (
          due !== undefined && (
            <small>
              <NextWrite at={due} word={bot.kind === "swing" ? "next" : "due"} />
            </small>
          )
        ) : (
          <small>next in {brief(span)}</small>
        ))}
    </>
  );
}

/** `due in 1.0 s`, then `overdue 6.2 s`. */
function NextWrite({ at, word }: { at: number; word: string }) {
  return <>{useTicking((now) => (at >= now ? `${word} ${dueText(at - now)}` : dueText(at - now)))}</>;
}

type Figures = Pick<ReturnType<typeof useDesk>, "market" | "sessions" | "still" | "clock">;

/** Columns with `*-hidden` are left to the cards where the window is narrower; the CSV has them all. */
function columnsOf({ market, sessions, still, clock }: Figures): Column<Row>[] {
  return [
    {
      name: "Bot",
      cell: ({ bot, state }) => (
        <>
          <StateIcon state={state} />
          <a className="bot-name" href={pathOf(bot)} onClick={follow}>
            {nameOf(bot)}
          </a>
          <small title={namesOf(bot)}>{namesOf(bot)}</small>
        </>
      ),
    },
    {
      name: "Ccy",
      className: "narrow-hidden",
      cellClass: "currency narrow-hidden",
      cell: ({ bot }) => bot.currency,
    },
    {
      name: "Equity",
      term: "Equity",
      cellClass: "equity",
      cell: ({ bot, state }) => (
        <>
          <Money of={bot} value={bot.equity} held={state.held} still={still} />{" "}
          <small className="code">{bot.currency}</small>
        </>
      ),
    },
    {
      name: "Day gross",
      term: "Gross",
      className: "narrow-hidden",
      cell: ({ bot }) => <Value>{moneyChange(bot.day_pnl?.gross, bot)}</Value>,
    },
    {
      name: "Costs",
      term: "Costs",
      note: "of the day",
      className: "narrow-hidden",
      cellClass: "soft narrow-hidden",
      cell: ({ bot }) => <Value>{cost(costsOf(bot), bot)}</Value>,
    },
    {
      name: "Day net",
      term: "Net",
      cellClass: "day-net",
      cell: ({ bot, state }) => (
        <>
          <Net of={bot} value={bot.day_pnl?.net} held={state.held} still={still} />{" "}
          <small>{bot.day_pnl && dayText(bot, sessions, market)}</small>
        </>
      ),
    },
    {
      name: "Total gross",
      term: "Gross",
      note: "since start",
      className: "middle-hidden",
      cell: ({ bot }) => <Value>{moneyChange(bot.total_pnl?.gross, bot)}</Value>,
    },
    {
      name: "Total net",
      term: "Net",
      note: "since start",
      cellClass: "total-net",
      cell: ({ bot, state }) => (
        <>
          <Net of={bot} value={bot.net} held={state.held} still={still} />{" "}
          <small className="under">
            <NetPercent value={totalReturn(bot)} />
          </small>
        </>
      ),
    },
    {
      name: "Hold",
      term: "Hold",
      note: "since start",
      className: "small-hidden",
      cell: ({ bot }) => <Value>{percentChange(returnOn(bot.hold_equity, bot.start_equity))}</Value>,
    },
    {
      name: "Drawdown",
      term: "Drawdown",
      note: "from the peak",
      cellClass: "drawdown",
      cell: ({ bot }) => (
        <>
          <Value>{fall(bot.stats?.drawdown)}</Value>{" "}
          {bot.stats?.max_drawdown !== undefined && (
            <small className="under" title={`${maxFallText(bot, market)} ${fallNote(bot)}`.trim()}>
              max {fall(bot.stats.max_drawdown)}
              {fallNote(bot) && (
                <>
                  *<span className="spoken"> {fallNote(bot)}</span>
                </>
              )}
            </small>
          )}
        </>
      ),
    },
    {
      name: "Exposure",
      term: "Exposure",
      note: "now",
      className: "small-hidden",
      cell: ({ bot }) => <Value>{percent(bot.stats?.exposure, 0)}</Value>,
    },
    {
      name: "Win rate",
      term: "Win rate",
      note: "closed trades",
      className: "small-hidden",
      cell: ({ bot: { stats } }) => (
        <Ratio text={percent(stats?.win_rate, 0)} closed={stats?.closed_trades} wins={stats?.wins} isNarrow />
      ),
    },
    {
      name: "Profit factor",
      term: "Profit factor",
      className: "middle-hidden",
      cell: ({ bot: { stats } }) => (
        <Value>{(stats?.closed_trades ?? 0) >= 30 ? factor(stats?.profit_factor) : ""}</Value>
      ),
    },
    {
      name: "As of",
      term: "As of",
      className: "narrow-hidden",
      cell: ({ bot }) => {
        const asOf = instant(bot.as_of);
        return asOf === undefined ? <NoData /> : dayOrClock(asOf, market);
      },
    },
    {
      name: "Heartbeat",
      term: "Heartbeat",
      cellClass: "heartbeat",
      cell: ({ bot, state }) => <Heartbeat bot={bot} state={state} clock={clock} />,
    },
  ];
}

const BOX = 60; // rows from which on the table scrolls by itself, and draws what is in sight of it
const GUESS = 44; // px of a row before one is drawn
const MARGIN = 240; // px around what is in sight

const keyOfRow = ({ bot }: Row): string => keyOf(bot);
const classOf = ({ bot, first }: Row): string | undefined =>
  `${first ? "first" : ""}${bot.bot.length > LONG_NAME ? " long" : ""}`.trim() || undefined;

export function Compare(props: Props) {
  const { rows, bots, states, openPositions, run, asOf, asked, filter, onFilter, sort, onSort } = props;
  const { market, sessions, still, clock } = useDesk();
  const columns = useMemo(() => columnsOf({ market, sessions, still, clock }), [market, sessions, still, clock]);
  const total = bots.length;
  const mayAsk = useMayAsk();
  const box = useRef<HTMLElement>(null);
  const host = useRef<HTMLTableSectionElement>(null);
  const isOn = rows.length > BOX;
  const keys = useMemo(() => rows.map(keyOfRow), [rows]);
  const slice = useSlice(host, { keys, guess: GUESS, margin: MARGIN, isOn, isPrinted: true }, box);
  useSeen(ROWS, isOn ? (slice.isInSight ? keys.slice(slice.from, slice.to) : []) : keys);
  return (
    <section aria-labelledby="compare-title">
      <div className="head">
        <h2 id="compare-title">Compare</h2>
        <small>
          {filter ? `${count(rows.length)} of ${plural(total, "bot")}` : plural(total, "bot")},{" "}
          {plural(openPositions, "open position")}
          {run && `, run ${run}`}
          {asOf !== undefined && `, as of ${stamp(asOf, market)}`}
        </small>
        <div className="tools">
          <small className="aside">Currencies are not added together.</small>
          <FilterField what="bots" value={filter} onChange={onFilter} />
          {mayAsk && (
            <Menu label="All bots" name="Controls of all bots" className="button">
              <AllControls asked={asked} bots={bots} />
            </Menu>
          )}
          <button
            type="button"
            className="button"
            onClick={() =>
              download(
                `aion-bots-run-${run ?? "none"}.csv`,
                toCsv(
                  HEAD,
                  compareRows(
                    rows.map(({ bot }) => bot),
                    states,
                  ),
                ),
              )
            }
          >
            CSV<span className="spoken"> of the table</span>
          </button>
        </div>
      </div>
      <TableBox
        box={`panel compare${isOn ? " scrolls" : ""}`}
        boxRef={box}
        name="Comparison of bots"
        columns={columns}
        rows={rows}
        keyOf={keyOfRow}
        rowClass={classOf}
        headOf={(column) => <Sortable key={column.name} column={column} sort={sort} onSort={onSort} />}
        slice={isOn ? { pieces: slice.pieces, host } : undefined}
        below={
          rows.length === 0 && (
            <p className="none">
              No bot matches “{filter}”. {count(total)} are hidden; Esc clears the filter.
            </p>
          )
        }
      />
    </section>
  );
}
