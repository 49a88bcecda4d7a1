/** One intraday bot's day: candles of its symbol with its fills, VWAP and levels, and how fresh that is. */

import { useMemo } from "preact/hooks";
import type { BotView, Session, SymbolView } from "../../api/schema";
import { dayText } from "../../bot/span-text";
import { at } from "../../lib/base";
import { nameOf } from "../../lib/bot";
import { price, sharedDecimals } from "../../lib/money";
import { instant, stamp } from "../../lib/time";
import { Ago, Due } from "../../ui/age";
import { useDesk } from "../../ui/frame/desk";
import { follow } from "../../ui/frame/top-bar";
import { Net } from "../../ui/number";
import { readBars } from "./bars";
import { DayChart } from "./day-chart";
import { useDayFile } from "./day-file";
import { holdingText, ofDay } from "./level";
import { newestPrice, useBars } from "./use-bars";

/** Address of a symbol's own view. */
export function symbolHref(symbol: string, day?: string): string {
  return at(`/intraday/${encodeURIComponent(symbol)}${day ? `?day=${day}` : ""}`);
}

interface Props {
  bot: BotView;
  session: Session | undefined;
  views: Record<string, SymbolView> | undefined;
}

export function DayPanel({ bot, session, views }: Props) {
  const { market, sessions, still } = useDesk();
  const loaded = useDayFile(bot.bot, bot.day, bot.as_of);
  const file = loaded?.file;
  const symbol = bot.symbols?.[0] ?? Object.keys(file?.bars ?? {})[0] ?? "";
  const view = views?.[symbol];
  const fromFile = useMemo(() => readBars(file?.bars?.[symbol]), [file, symbol]);
  const newest = view?.bar;
  const bars = useBars(`${symbol} ${bot.day}`, fromFile, newest);
  const { position, isKnown, fills } = useMemo(() => ofDay(bot, file, symbol), [bot, file, symbol]);
  const last = newestPrice(bars, newest);
  const at = instant(bot.as_of);
  const written = instant(bot.written_at);
  const due = instant(bot.due_at);
  return (
    <article className="panel day-panel" aria-label={`${nameOf(bot)}, ${symbol}`}>
      <header>
        <h3>
          <a href={symbolHref(symbol)} onClick={follow}>
            {symbol}
          </a>{" "}
          <small>{nameOf(bot)}</small>
        </h3>
        {last !== undefined && <b className="last">{price(last, sharedDecimals(view?.tick ?? bot.tick, [last]))}</b>}
        <small>{bot.currency}</small>
        <span className="net">
          <Net of={bot} value={bot.day_pnl?.net} still={still} />{" "}
          <small>{bot.day_pnl && dayText(bot, sessions, market)}</small>
        </span>
      </header>
      <p className="soft">
        {session?.name} {bot.day}. {isKnown && holdingText(position, bot.tick)}
      </p>
      <DayChart
        symbol={symbol}
        day={bot.day ?? ""}
        bars={bars}
        session={session}
        fills={fills}
        position={position}
        view={view}
        tick={view?.tick ?? bot.tick}
        loaded={loaded}
      />
      <footer className="soft">
        {at !== undefined && `as of ${stamp(at, market)}`}
        {written !== undefined && (
          <>
            , written <Ago at={written} />
          </>
        )}
        {due !== undefined && (
          <>
            , next <Due at={due} />
          </>
        )}
      </footer>
    </article>
  );
}
