/** Bars of one symbol on one day as candles: hollow up, filled down; VWAP, levels, volume and fills. A chunk of its own. */

import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineSeries,
  LineStyle,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useLayoutEffect, useRef } from "react";
import type { Position } from "../../api/schema";
import { price, priceDecimals } from "../../lib/money";
import { clock, UTC } from "../../lib/time";
import { colours, onTheme } from "../../ui/chart/colour";
import { type BarMark, type DayBar, missingTimes, vwap } from "./bars";

interface Props {
  label: string;
  bars: readonly DayBar[];
  marks: readonly BarMark[];
  position: Position | undefined;
}

const at = (seconds: number): UTCTimestamp => seconds as UTCTimestamp;

interface Parts {
  chart: IChartApi;
  candles: ISeriesApi<"Candlestick">;
  average: ISeriesApi<"Line">;
  volume: ISeriesApi<"Histogram">;
  marks: ISeriesMarkersPluginApi<Time>;
}

function build(element: HTMLElement): Parts {
  const chart = createChart(element, {
    autoSize: true,
    layout: {
      attributionLogo: false,
      background: { color: "transparent" },
      fontSize: 11,
      fontFamily: "Inter, system-ui, sans-serif",
    },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.22 } },
    timeScale: {
      borderVisible: false,
      timeVisible: true,
      secondsVisible: false,
      tickMarkFormatter: (time: Time) => clock(Number(time) * 1000, UTC),
    },
    localization: { timeFormatter: (time: Time) => `${clock(Number(time) * 1000, UTC)} UTC` },
    handleScroll: { vertTouchDrag: false },
    handleScale: { mouseWheel: false },
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
  return { chart, candles, average, volume, marks: createSeriesMarkers(candles, []) };
}

function paint({ chart, candles, average, volume }: Parts): void {
  const colour = colours();
  chart.applyOptions({
    layout: { textColor: colour.fnt },
    grid: { vertLines: { visible: false }, horzLines: { color: colour.line } },
    crosshair: {
      vertLine: { color: colour.ctl, labelBackgroundColor: colour.s3 },
      horzLine: { color: colour.ctl, labelBackgroundColor: colour.s3 },
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
}

export default function Candles({ label, bars, marks, position }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const parts = useRef<Parts | null>(null);

  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return;
    const made = build(element);
    parts.current = made;
    paint(made);
    const stop = onTheme(() => paint(made));
    return () => {
      stop();
      parts.current = null;
      made.chart.remove();
    };
  }, []);

  useEffect(() => {
    const made = parts.current;
    if (!made) return;
    const decimals = priceDecimals(bars.map((bar) => bar.close));
    made.candles.applyOptions({
      priceFormat: { type: "custom", formatter: (value: number) => price(value, decimals), minMove: 10 ** -decimals },
    });
    const gaps = missingTimes(bars).map((time) => ({ time: at(time) }));
    const slots = [...bars.map((bar) => ({ ...bar, time: at(bar.time) })), ...gaps].sort((a, b) => a.time - b.time);
    made.candles.setData(slots);
    made.volume.setData(bars.map((bar) => ({ time: at(bar.time), value: bar.volume })));
    made.average.setData(vwap(bars).map((point) => ({ time: at(point.time), value: point.value })));
    const colour = colours();
    made.marks.setMarkers(
      marks.map((mark) => ({
        time: at(mark.time),
        position: mark.side === "buy" ? "belowBar" : "aboveBar",
        shape: mark.side === "buy" ? "arrowUp" : "arrowDown",
        color: colour.ink,
        size: 0.8,
      })),
    );
    made.chart.timeScale().setVisibleLogicalRange({ from: -slots.length * 0.03, to: slots.length * 1.02 });
  }, [bars, marks]);

  useEffect(() => {
    const series = parts.current?.candles;
    if (!series) return;
    const colour = colours();
    const levels: [string, number | undefined][] = [
      ["entry", position?.average_price],
      ["stop", position?.stop_loss],
      ["target", position?.take_profit],
    ];
    const lines = levels
      .filter((level): level is [string, number] => level[1] !== undefined)
      .map(([title, value]) =>
        series.createPriceLine({
          price: value,
          title,
          color: colour.mut,
          lineWidth: 1,
          lineStyle: LineStyle.Dotted,
          axisLabelVisible: true,
          axisLabelColor: colour.s3,
          axisLabelTextColor: colour.ink,
        }),
      );
    return () => {
      if (parts.current?.candles !== series) return;
      for (const line of lines) series.removePriceLine(line);
    };
  }, [position]);

  return <div ref={host} className="candles" role="img" aria-label={label} />;
}
