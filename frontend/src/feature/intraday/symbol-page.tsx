/** One symbol on one day, in full: the chart, its fills and its bars. `/intraday/<symbol>?day=<day>`. */

import { useMemo, useState } from "preact/hooks";
import type { BotView, Fill, IntradaySnapshot } from "../../api/schema";
import { at as below } from "../../lib/base";
import { type Cell, download, toCsv } from "../../lib/csv";
import {
  abbreviated,
  count,
  money,
  plural,
  price,
  priceDecimals,
  quantity,
  sharedDecimals,
  type Unit,
} from "../../lib/money";
import { typeset } from "../../lib/percent";
import { navigate, setQuery } from "../../lib/route";
import { clock, clockSeconds, instant, shownName, stamp } from "../../lib/time";
import { useDesk } from "../../ui/frame/desk";
import { follow } from "../../ui/frame/top-bar";
import { Meter } from "../../ui/meter";
import { Net } from "../../ui/number";
import { TableBox } from "../../ui/table";
import { hoursOf, hoursText, withHalts } from "./band";
import { type DayBar, readBars, vwap } from "./bars";
import { DayChart } from "./day-chart";
import { useDayFile, useDays } from "./day-file";
import { type Day, holdingText, ofDay } from "./level";
import { newestPrice, useBars } from "./use-bars";

interface Props {
  snapshot: IntradaySnapshot;
  symbol: string;
  /** Market day of the address; empty for the newest. */
  day: string;
}

/** The bot that trades `symbol`. */
export function botOf(snapshot: IntradaySnapshot, symbol: string): BotView | undefined {
  const bots = Object.values(snapshot.bots ?? {});
  const name = snapshot.symbols?.[symbol]?.signal?.bot;
  return bots.find((bot) => bot.symbols?.includes(symbol)) ?? bots.find((bot) => bot.bot === name);
}

interface FillsProps {
  unit: Unit;
  fills: [string, Fill][];
  symbol: string;
  day: string;
  tick: number | undefined;
}

function Fills({ unit, fills, symbol, day, tick }: FillsProps) {
  const decimals = sharedDecimals(
    tick,
    fills.map(([, fill]) => fill.price),
  );
  const rows = (): Cell[][] =>
    fills.map(([id, fill]) => [
      id,
      fill.ts,
      fill.side,
      fill.quantity,
      fill.price,
      fill.fee,
      fill.slippage,
      fill.reason,
    ]);
  const head = ["id", "ts", "side", "quantity", "price", "fee", "slippage", "reason"];
  return (
    <section aria-labelledby="fills-title">
      <div className="head">
        <h2 id="fills-title">Fills</h2>
        <small>{plural(fills.length, "fill")} of the day, newest first</small>
        <div className="tools">
          <button
            type="button"
            className="button"
            onClick={() => download(`aion-fills-${symbol}-${day}.csv`, toCsv(head, rows()))}
          >
            CSV<span className="spoken"> of the fills</span>
          </button>
        </div>
      </div>
      {fills.length === 0 ? (
        <p className="panel none pad">
          No fill on this day. A fill follows the first decision, at the next bar’s open.
        </p>
      ) : (
        <TableBox
          box="panel plain-table"
          name="Fills of the day"
          rows={fills}
          keyOf={([id]) => id}
          columns={[
            {
              name: "Time",
              cell: ([, fill]) => <time dateTime={fill.ts}>{clockSeconds(instant(fill.ts) ?? 0)}</time>,
            },
            { name: "Side", className: "left", cell: ([, fill]) => fill.side },
            { name: "Quantity", term: "Quantity", cell: ([, fill]) => quantity(fill.quantity) },
            { name: "Price", term: "Price", cell: ([, fill]) => price(fill.price, decimals) },
            { name: "Fee", term: "Fees", cell: ([, fill]) => money(fill.fee, unit) },
            { name: "Slippage", term: "Slippage", cell: ([, fill]) => money(fill.slippage, unit) },
            {
              name: "Reason",
              className: "left",
              cellClass: "left reason",
              cell: ([, fill]) => typeset(fill.reason ?? ""),
            },
          ]}
        />
      )}
    </section>
  );
}

function Bars({ bars, symbol, day }: { bars: readonly DayBar[]; symbol: string; day: string }) {
  const [open, setOpen] = useState(false);
  const decimals = priceDecimals(bars.map((bar) => bar.close));
  const averages = useMemo(() => new Map(vwap(bars).map((point) => [point.time, point.value])), [bars]);
  const rows = (): Cell[][] =>
    bars.map((bar) => [
      new Date(bar.time * 1000).toISOString(),
      bar.open,
      bar.high,
      bar.low,
      bar.close,
      bar.volume,
      averages.get(bar.time),
    ]);
  const head = ["ts", "open", "high", "low", "close", "volume", "vwap"];
  return (
    <section aria-labelledby="bars-title">
      <div className="head">
        <h2 id="bars-title">Bars</h2>
        <small>{count(bars.length)} bars; what the chart shows, to read</small>
        <div className="tools">
          <button type="button" className="button" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "Hide the table" : "Show as a table"}
          </button>
          <button
            type="button"
            className="button"
            onClick={() => download(`aion-bars-${symbol}-${day}.csv`, toCsv(head, rows()))}
          >
            CSV<span className="spoken"> of the bars</span>
          </button>
        </div>
      </div>
      {open && (
        <TableBox
          box="panel plain-table tall"
          name="Bars of the day"
          rows={[...bars].reverse()}
          keyOf={(bar) => bar.time}
          columns={[
            {
              name: "Time",
              head: shownName(bars[0] ? bars[0].time * 1000 : 0),
              cell: (bar) => clock(bar.time * 1000),
            },
            { name: "Open", term: "Open", cell: (bar) => price(bar.open, decimals) },
            { name: "High", term: "High", cell: (bar) => price(bar.high, decimals) },
            { name: "Low", term: "Low", cell: (bar) => price(bar.low, decimals) },
            { name: "Close", term: "Close", cell: (bar) => price(bar.close, decimals) },
            { name: "Volume", term: "Volume", cell: (bar) => abbreviated(bar.volume) },
            { name: "VWAP", term: "VWAP", cell: (bar) => price(averages.get(bar.time), decimals) },
          ]}
        />
      )}
    </section>
  );
}

export function SymbolPage({ snapshot, symbol, day: asked }: Props) {
  const { market, still } = useDesk();
  const days = useDays();
  const view = snapshot.symbols?.[symbol];
  const bot = botOf(snapshot, symbol);
  const day = asked || bot?.day || "";
  const isNow = day === bot?.day;
  const loaded = useDayFile(bot?.bot, day || undefined, isNow ? bot?.as_of : undefined);
  const file = loaded?.file;
  const fromFile = useMemo(() => readBars(file?.bars?.[symbol]), [file, symbol]);
  const newest = isNow ? view?.bar : undefined;
  const bars = useBars(`${symbol} ${day}`, fromFile, newest);
  const { position, isKnown, fills } = useMemo<Day>(
    () =>
      isNow
        ? ofDay(bot, file, symbol)
        : { position: file?.positions?.[symbol], isKnown: file !== undefined, fills: file?.fills },
    [isNow, bot, file, symbol],
  );
  const own = useMemo(
    () =>
      Object.entries(fills ?? {})
        .filter(([, fill]) => fill.symbol === symbol)
        .sort(([, a], [, b]) => (instant(b.ts) ?? 0) - (instant(a.ts) ?? 0)),
    [fills, symbol],
  );
  const choices = Object.entries(days ?? {})
    .filter(([, names]) => bot && names.includes(bot.bot))
    .map(([name]) => name);
  if (day && !choices.includes(day)) choices.unshift(day);
  const session = bot?.exchange ? snapshot.sessions?.[bot.exchange] : undefined;
  const tick = view?.tick ?? file?.tick ?? bot?.tick;
  const last = newestPrice(bars, newest);
  const unit = { currency: view?.currency ?? bot?.currency ?? "", decimals: bot?.decimals };
  const at = instant(isNow ? bot?.as_of : file?.as_of);
  const signal = isNow ? view?.signal : undefined;
  const names = Object.keys(snapshot.symbols ?? {}).sort();
  if (!view && !bot) {
    return (
      <section className="panel empty-desk">
        <h1>No bot trades {symbol}</h1>
        <p>
          {names.length === 0 ? "No symbols yet." : "The symbols are "}
          {names.slice(0, 40).map((name, index) => (
            <span key={name}>
              {index > 0 && ", "}
              <a className="quiet" href={below(`/intraday/${encodeURIComponent(name)}`)} onClick={follow}>
                {name}
              </a>
            </span>
          ))}
          .
        </p>
      </section>
    );
  }
  return (
    <>
      <div className="head symbol-head">
        <a className="quiet" href={below("/intraday")} onClick={follow}>
          All symbols
        </a>
        <h1>{symbol}</h1>
        <small>{[bot?.bot, view?.exchange, view?.currency ?? bot?.currency].filter(Boolean).join(" ")}</small>
        <b>{price(last, sharedDecimals(tick, [last]))}</b>
        <Net of={unit} value={isNow ? bot?.day_pnl?.net : file?.day_pnl?.net} still={still} />
        <div className="tools">
          <label>
            <span className="spoken">Symbol</span>
            <select
              className="button"
              value={symbol}
              onChange={(event) => navigate(below(`/intraday/${encodeURIComponent(event.currentTarget.value)}`))}
            >
              {[...new Set([...names, symbol])].map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          <label>
            <span className="spoken">Market day</span>
            <select
              className="button"
              value={day}
              onChange={(event) =>
                setQuery({ day: event.currentTarget.value === bot?.day ? "" : event.currentTarget.value })
              }
            >
              {choices.map((name) => (
                <option key={name} value={name}>
                  {name}
                  {name === bot?.day ? ", newest" : ""}
                </option>
              ))}
            </select>
          </label>
        </div>
      </div>
      {loaded?.failed && loaded.file && (
        <p className="notice">
          <b>Could not update the day file.</b> {loaded.failed}. You see the earlier bars.
        </p>
      )}
      <article className="panel day-panel" aria-label={`${symbol} on ${day}`}>
        <p className="soft">
          {at !== undefined && `As of ${stamp(at, market)}. `}
          {isKnown && holdingText(position, tick)}{" "}
          {hoursText(withHalts(hoursOf(bars, file?.hours) ?? hoursOf(bars, session), file?.halts?.[symbol]))}
        </p>
        <DayChart
          symbol={symbol}
          day={day}
          bars={bars}
          session={session}
          fills={fills}
          position={position}
          view={isNow ? view : undefined}
          loaded={loaded}
          tick={tick}
          large
        />
        {signal && (
          <div className="signal-line">
            <b>{signal.action}</b>
            <Meter value={signal.confidence} threshold={signal.threshold} />
            <span>{typeset(signal.reason ?? "")}</span>
          </div>
        )}
      </article>
      <Fills unit={unit} fills={own} symbol={symbol} day={day} tick={tick} />
      {bars.length > 0 && <Bars bars={bars} symbol={symbol} day={day} />}
      <ChartNotice />
    </>
  );
}

/** The notice that the chart library's licence asks for. */
export function ChartNotice() {
  return (
    <footer className="page-foot">
      <p>
        Charts: TradingView Lightweight Charts™, Copyright © 2025 TradingView, Inc.{" "}
        <a className="quiet" href="https://www.tradingview.com/" rel="noreferrer">
          www.tradingview.com
        </a>
      </p>
    </footer>
  );
}
