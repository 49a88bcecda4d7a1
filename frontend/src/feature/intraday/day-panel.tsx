/** One intraday bot's day: candles of its symbol with its fills, VWAP and levels. */

import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import type { BotView, Session } from "../../api/schema";
import { count, price, priceDecimals, quantity } from "../../lib/money";
import { instant, stamp } from "../../lib/time";
import { useDesk } from "../../ui/frame/desk";
import { Net } from "../../ui/number";
import { type FileBars, fillMarks, readBars } from "./bars";

const Candles = lazy(() => import("./candles"));

const REFRESH_MS = 5000; // the bars are for looking at: the figures beside them come with the stream

interface DayFile {
  bars?: Record<string, FileBars>;
  as_of?: string;
}

type Loaded = { file: DayFile } | { failed: string } | undefined;

/** The day file of `bot`, fetched again at most every five seconds while it changes. */
function useDayFile(bot: BotView): Loaded {
  const [loaded, setLoaded] = useState<Loaded>();
  const fetchedAt = useRef(Number.NEGATIVE_INFINITY);
  const { day, bot: name, as_of: asOf } = bot;
  useEffect(() => {
    if (!day || !asOf) return;
    const abort = new AbortController();
    const load = async (): Promise<void> => {
      fetchedAt.current = performance.now();
      try {
        const answer = await fetch(`/api/intraday/logs/${encodeURIComponent(day)}/${encodeURIComponent(name)}`, {
          signal: abort.signal,
        });
        if (!answer.ok) throw new Error(`the desk answered ${answer.status}`);
        const file: DayFile = await answer.json();
        setLoaded({ file });
      } catch (error) {
        if (!abort.signal.aborted)
          setLoaded((before) => before ?? { failed: error instanceof Error ? error.message : String(error) });
      }
    };
    const timer = setTimeout(load, Math.max(0, fetchedAt.current + REFRESH_MS - performance.now()));
    return () => {
      clearTimeout(timer);
      if (performance.now() - fetchedAt.current > REFRESH_MS) abort.abort();
    };
  }, [day, name, asOf]);
  return loaded;
}

function DayFileState({ loaded }: { loaded: Loaded }) {
  if (loaded && "failed" in loaded) return <>The bars could not be read: {loaded.failed}.</>;
  if (loaded) return <>The day file carries no bars.</>;
  return <span className="soon">Reading the day file.</span>;
}

export function DayPanel({ bot, session }: { bot: BotView; session: Session | undefined }) {
  const { market, still } = useDesk();
  const loaded = useDayFile(bot);
  const file = loaded && "file" in loaded ? loaded.file : undefined;
  const symbol = bot.symbols?.[0] ?? Object.keys(file?.bars ?? {})[0] ?? "";
  const bars = useMemo(() => readBars(file?.bars?.[symbol]), [file, symbol]);
  const marks = useMemo(() => fillMarks(bars, bot.fills, symbol), [bars, bot.fills, symbol]);
  const position = bot.positions?.[symbol];
  const last = bars.at(-1);
  const decimals = priceDecimals(bars.map((bar) => bar.close));
  const at = instant(bot.as_of);
  const label = last
    ? `${symbol}: ${count(bars.length)} bars, last close ${price(last.close, decimals)}, high ${price(Math.max(...bars.map((bar) => bar.high)), decimals)}, low ${price(Math.min(...bars.map((bar) => bar.low)), decimals)}, ${marks.length} fills`
    : "";
  return (
    <article className="panel day-panel" aria-label={`${bot.bot}, ${symbol}`}>
      <header>
        <h3>
          {symbol} <small>{bot.bot}</small>
        </h3>
        {last && <b className="last">{price(last.close)}</b>}
        <small>{bot.currency}</small>
        <span className="net">
          <Net value={bot.day_pnl?.net} still={still} />
        </span>
      </header>
      <p className="soft">
        {session?.name} {bot.day}
        {at !== undefined && `, as of ${stamp(at, market)}`}.{" "}
        {position ? `${quantity(position.quantity)} held at ${price(position.average_price)}.` : "No open position."}
      </p>
      {last ? (
        <Suspense fallback={<div className="candles" />}>
          <Candles label={label} bars={bars} marks={marks} position={position} />
        </Suspense>
      ) : (
        <div className="candles none">
          <DayFileState loaded={loaded} />
        </div>
      )}
    </article>
  );
}
