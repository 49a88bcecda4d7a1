/** The chart of one symbol's day, or why there is none. */

import type { ComponentProps } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Fill, Hours, Position, Session, SymbolView } from "../../api/schema";
import { drawNow } from "../../lib/draw-now";
import { whenIdle } from "../../lib/idle";
import { later } from "../../lib/later";
import { count, plural, price, sharedDecimals } from "../../lib/money";
import { useLack } from "../../lib/part";
import { useNear } from "../../lib/use-near";
import { ChartGuard } from "../../ui/chart/guard";
import { bands, hoursOf, withHalts } from "./band";
import { type DayBar, fillMarks } from "./bars";
import type { Loaded } from "./day-file";
import { levelsOf } from "./level";

const Candles = later(
  () => import("./candles"),
  ({ large }) => <Waiting large={large} />,
);

type CandlesProps = ComponentProps<typeof Candles>;

interface Props {
  symbol: string;
  /** Market day; empty for the newest. */
  day: string;
  bars: readonly DayBar[];
  /** Of its exchange, now; the hours of another day come from its file. */
  session: Session | undefined;
  fills: Record<string, Fill> | undefined;
  position: Position | undefined;
  view: SymbolView | undefined;
  loaded: Loaded;
  /** Least step of its price, where it is known. */
  tick: number | undefined;
  large?: boolean;
}

/** Stands where a chart will be whose code has not arrived. */
function Waiting({ large }: { large?: boolean | undefined }) {
  const lack = useLack();
  if (!lack) return <div className={boxClass(large)} />;
  return (
    <div className={`${boxClass(large)} candles none`}>
      <span>
        {lack === "offline"
          ? "The chart has not been loaded yet. It appears when the connection is back."
          : "Aion was updated. Reload the page to see the chart."}
      </span>
    </div>
  );
}

const boxClass = (large = false): string => `candle-box${large ? " large" : ""}`;

/** `MSFT: 327 bars, last close 255.69, high 257.70, low 252.31, 2 fills`. */
export function dayLabel(symbol: string, bars: readonly DayBar[], fills: number, tick?: number): string {
  const last = bars.at(-1);
  if (!last) return `${symbol}: no bars`;
  const decimals = sharedDecimals(
    tick,
    bars.map((bar) => bar.close),
  );
  const high = Math.max(...bars.map((bar) => bar.high));
  const low = Math.min(...bars.map((bar) => bar.low));
  return (
    `${symbol}: ${count(bars.length)} bars, last close ${price(last.close, decimals)}, ` +
    `high ${price(high, decimals)}, low ${price(low, decimals)}, ${plural(fills, "fill")}`
  );
}

/**
 * The box of a chart, which is made when it has come near the window and there is time for it, one in a task; all of
 * them when the page is printed.
 */
function Box(props: CandlesProps) {
  const host = useRef<HTMLDivElement>(null);
  const isNear = useNear(host);
  const [wanted, setWanted] = useState<"screen" | "paper">();
  useEffect(() => {
    if (wanted) return;
    const print = (): void => drawNow(() => setWanted("paper"));
    addEventListener("beforeprint", print, true); // before the charts that are there take the colours of paper
    const stop = isNear ? whenIdle(() => setWanted("screen")) : undefined;
    return () => {
      removeEventListener("beforeprint", print, true);
      stop?.();
    };
  }, [isNear, wanted]);
  if (wanted) return <Candles {...props} isPrinted={wanted === "paper"} />;
  return <div ref={host} className={boxClass(props.large)} />;
}

export function DayChart({ symbol, day, bars, session, fills, position, view, loaded, tick, large }: Props) {
  const now = hoursOf(bars, session);
  const hours: Hours | undefined = now ?? hoursOf(bars, loaded?.file?.hours);
  const halts = loaded?.file?.halts?.[symbol];
  const own = useMemo(() => withHalts(hours, halts), [hours, halts]);
  const state = now?.state;
  const marks = useMemo(() => fillMarks(bars, fills, symbol), [bars, fills, symbol]);
  const behind = useMemo(() => bands(bars, own, state), [bars, own, state]);
  const features = view?.features;
  const levels = useMemo(() => levelsOf(position, features), [position, features]);
  const size = boxClass(large);
  if (bars.length === 0) {
    return (
      <div className={`${size} candles none`}>
        {loaded?.failed ? (
          <span>The bars could not be read: {loaded.failed}.</span>
        ) : loaded ? (
          "The day file has no bars."
        ) : (
          <span className="soon">Loading the day file.</span>
        )}
      </div>
    );
  }
  return (
    <ChartGuard settings={`${symbol} ${day}`}>
      <Box
        name={symbol}
        label={dayLabel(symbol, bars, marks.length, tick)}
        bars={bars}
        bands={behind}
        hours={own}
        marks={marks}
        levels={levels}
        tick={tick}
        large={large}
      />
    </ChartGuard>
  );
}
