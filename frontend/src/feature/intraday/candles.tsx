/** Bars of one symbol on one day as candles: hollow up, filled down; VWAP, levels, volume, bands and fills. */

import {
  CandlestickSeries,
  createChart,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  LineSeries,
  LineStyle,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Hours } from "../../api/schema";
import { abbreviated, decimal, price, sharedDecimals } from "../../lib/money";
import { clock, shownName } from "../../lib/time";
import { colours, onTheme } from "../../ui/chart/colour";
import { type Band, slots } from "./band";
import { type BarMark, barStep, type DayBar, vwap } from "./bars";
import type { Level } from "./level";
import { Overlay } from "./overlay";

interface Props {
  /** Name of the symbol, for readers. */
  name: string;
  /** The day in a sentence, for those who do not see it. */
  label: string;
  bars: readonly DayBar[];
  bands: readonly Band[];
  hours: Hours | undefined;
  marks: readonly BarMark[];
  levels: readonly Level[];
  /** Least step of its price, where it is known. */
  tick: number | undefined;
  /** True for a chart large enough to be moved and zoomed. */
  large?: boolean;
  /** True for one that is made for paper: whole in its first drawing, since no other follows. */
  isPrinted?: boolean;
}

const at = (seconds: number): UTCTimestamp => seconds as UTCTimestamp;

interface Parts {
  chart: IChartApi;
  candles: ISeriesApi<"Candlestick">;
  average: ISeriesApi<"Line">;
  volume: ISeriesApi<"Histogram">;
  overlay: Overlay;
}

function build(element: HTMLElement, large: boolean): Parts {
  const chart = createChart(element, {
    autoSize: true,
    layout: {
      // the page's foot has the notice and the link that the library's licence asks for
      attributionLogo: false,
      background: { color: "transparent" },
      fontSize: 11,
      fontFamily: "Inter, system-ui, sans-serif",
    },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.1, bottom: 0.22 } },
    timeScale: {
      borderVisible: false,
      timeVisible: true,
      secondsVisible: false,
      minBarSpacing: 0.2,
      lockVisibleTimeRangeOnResize: true,
      tickMarkFormatter: (time: Time) => clock(Number(time) * 1000),
    },
    localization: {
      locale: "en",
      timeFormatter: (time: Time) => `${clock(Number(time) * 1000)} ${shownName(Number(time) * 1000)}`,
    },
    handleScroll: large ? { vertTouchDrag: false } : false,
    handleScale: large ? { mouseWheel: false } : false,
  });
  const volume = chart.addSeries(HistogramSeries, {
    priceScaleId: "volume",
    priceFormat: { type: "volume" },
    lastValueVisible: false,
    priceLineVisible: false,
  });
  chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
  const average = chart.addSeries(LineSeries, {
    lineWidth: 1,
    lastValueVisible: false,
    priceLineVisible: false,
    crosshairMarkerVisible: false,
  });
  const candles = chart.addSeries(CandlestickSeries, { priceLineVisible: false });
  const overlay = new Overlay();
  candles.attachPrimitive(overlay);
  return { chart, candles, average, volume, overlay };
}

function paint({ chart, candles, average, volume, overlay }: Parts): void {
  const colour = colours();
  chart.applyOptions({
    layout: { textColor: colour.fnt },
    grid: { vertLines: { visible: false }, horzLines: { color: colour.line } },
    crosshair: {
      vertLine: { color: colour.ctl, labelBackgroundColor: colour.ctl },
      horzLine: { color: colour.ctl, labelBackgroundColor: colour.ctl },
    },
  });
  candles.applyOptions({
    upColor: colour.s1,
    downColor: colour.ink,
    borderUpColor: colour.ink,
    borderDownColor: colour.ink,
    wickUpColor: colour.mut,
    wickDownColor: colour.mut,
  });
  average.applyOptions({ color: colour.acc });
  volume.applyOptions({ color: colour.line2 });
  overlay.repaint();
}

/** Draw `levels` as labelled hairlines; returns how to take them away. */
function drawLevels(series: ISeriesApi<"Candlestick">, levels: readonly Level[]): () => void {
  const colour = colours();
  const lines = levels.map(({ name, value }) =>
    series.createPriceLine({
      price: value,
      title: name,
      color: colour.mut,
      lineWidth: 1,
      lineStyle: LineStyle.Dotted,
      axisLabelVisible: true,
      axisLabelColor: colour.s3,
      axisLabelTextColor: colour.ink,
    }),
  );
  return () => {
    for (const line of lines) series.removePriceLine(line);
  };
}

export default function Candles(props: Props) {
  const { name, label, bars, bands, hours, marks, levels, tick, large = false, isPrinted = false } = props;
  const host = useRef<HTMLDivElement>(null);
  const parts = useRef<Parts | null>(null);
  const fitted = useRef("");
  const [cursor, setCursor] = useState<number | null>(null);
  const averages = useMemo(() => vwap(bars), [bars]);
  const decimals = sharedDecimals(
    tick,
    bars.map((bar) => bar.close),
  );
  const byTime = useMemo(() => new Map(bars.map((bar) => [bar.time, bar])), [bars]);

  const fill = (made: Parts): void => {
    made.candles.applyOptions({
      priceFormat: { type: "custom", formatter: (value: number) => price(value, decimals), minMove: 10 ** -decimals },
    });
    const times = slots(bars, hours);
    made.candles.setData(times.map((time) => ({ ...byTime.get(time), time: at(time) })));
    made.volume.setData(bars.map((bar) => ({ time: at(bar.time), value: bar.volume })));
    const step = barStep(bars);
    made.average.setData(
      averages.map((point, index) => {
        // the stroke from a point before a gap is not drawn
        const isBeforeGap = (averages[index + 1]?.time ?? 0) - point.time > step;
        return { time: at(point.time), value: point.value, ...(isBeforeGap ? { color: "transparent" } : {}) };
      }),
    );
    const span = `${times[0]} ${times.at(-1)}`;
    if (fitted.current === span) return; // somebody may have zoomed
    fitted.current = span;
    made.chart.timeScale().setVisibleLogicalRange({ from: -times.length * 0.02, to: times.length * 1.01 });
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is drawn later has effects of its own
  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return;
    const made = build(element, large);
    parts.current = made;
    paint(made);
    if (isPrinted) {
      fill(made);
      made.overlay.set({ bands, bars: byTime, marks });
    }
    let printed: HTMLCanvasElement | undefined;
    const stop = onTheme(() => {
      paint(made);
      printed?.remove();
      if (document.documentElement.dataset.print === undefined) return;
      printed = made.chart.takeScreenshot(true); // the chart itself would draw with the next frame: too late for paper
      printed.className = "printed";
      element.append(printed);
    });
    made.chart.subscribeCrosshairMove(({ time }) => setCursor(time === undefined ? null : Number(time)));
    return () => {
      stop();
      parts.current = null;
      made.chart.remove();
    };
  }, [large]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: these are all that it draws
  useEffect(() => {
    if (parts.current) fill(parts.current);
  }, [bars, byTime, averages, hours, decimals]);

  useEffect(() => parts.current?.overlay.set({ bands, bars: byTime, marks }), [bands, byTime, marks]);
  useEffect(() => {
    const series = parts.current?.candles;
    if (!series) return;
    const undo = drawLevels(series, levels);
    return () => {
      if (parts.current?.candles === series) undo();
    };
  }, [levels]);

  const bar = cursor === null ? undefined : byTime.get(cursor);
  const average = bar && averages.find((point) => point.time === bar.time)?.value;
  const figures = bar
    ? [
        `open ${price(bar.open, decimals)}`,
        `high ${price(bar.high, decimals)}`,
        `low ${price(bar.low, decimals)}`,
        `close ${price(bar.close, decimals)}`,
        `volume ${abbreviated(bar.volume)}`,
        average === undefined ? "" : `VWAP ${decimal(average, decimals)}`,
      ].filter(Boolean)
    : [];
  const when = cursor === null ? "" : `${clock(cursor * 1000)} ${shownName(cursor * 1000)}`;
  const spoken = cursor === null ? label : `${when}: ${figures.length > 0 ? figures.join(", ") : "no bar"}`;

  const index = bar ? bars.indexOf(bar) : bars.length;
  const move = (to: number): void => {
    const made = parts.current;
    const next = bars[Math.max(0, Math.min(bars.length - 1, to))];
    if (!made || !next) return;
    made.chart.setCrosshairPosition(next.close, at(next.time), made.candles);
    setCursor(next.time);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, () => void> = {
      ArrowLeft: () => move(index - (event.shiftKey ? 10 : 1)),
      ArrowRight: () => move(index + (event.shiftKey ? 10 : 1)),
      Home: () => move(0),
      End: () => move(bars.length - 1),
      Escape: () => {
        parts.current?.chart.clearCrosshairPosition();
        setCursor(null);
      },
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  };

  return (
    <div className={`candle-box${large ? " large" : ""}`}>
      <p className="reading" aria-hidden="true">
        {cursor === null ? (
          <>
            <i className="line-vwap" /> VWAP {decimal(averages.at(-1)?.value, decimals)}
          </>
        ) : (
          <>
            <b>{when}</b> {figures.length > 0 ? figures.join("  ") : "no bar"}
          </>
        )}
      </p>
      <div
        ref={host}
        className="candles"
        role="slider"
        tabIndex={0}
        aria-label={`Bars of ${name}; arrow keys move from bar to bar`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, bars.length - 1)}
        aria-valuenow={Math.min(index, Math.max(0, bars.length - 1))}
        aria-valuetext={spoken}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}
