/** The equity chart as uPlot options: what is drawn under, between and over the two lines. */

import type uPlot from "uplot";
import { percentChange } from "../../lib/percent";
import { clock, monthName, shortStamp, shownZone, UTC } from "../../lib/time";
import { colours, type Palette, translucent } from "./colour";
import { difference, type FillMark, lastOf, type Series } from "./curve";
import { tickDecimals, timeTicks, valueTicks } from "./tick";

export interface Band {
  from: number;
  to: number;
  /** `closed` is a hole in the session, `ahead` is the future, `missing` is an incomplete cycle. */
  kind: "closed" | "ahead" | "missing";
  word?: string;
}

/** All that stands beside the two lines; times in s of market time. */
export interface Scene {
  series: Series;
  from: number;
  to: number;
  now?: number;
  bands: Band[];
  fills: FillMark[];
  rebalances: number[];
  /** True when the last point is late or held: an open ring. */
  held: boolean;
}

const AXIS_FONT = '11px Inter, "Inter Variable", system-ui, sans-serif';
const TRIANGLE = 4; // half width, px
const PAD = 0.08; // of the span, above and below the lines

/** Lowest and highest value with room around; always holds zero's neighbourhood when all values are equal. */
export function valueRange(series: Series): [number, number] {
  let low = 0;
  let high = 0;
  for (const value of [...series.bot, ...series.hold]) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const span = Math.max(high - low, 0.0005);
  return [low - span * PAD, high + span * PAD];
}

/** Labels of the time axis: hours in the zone shown within a day, market days or months beyond; the year where it changes. */
export function timeLabels(splits: readonly number[], from: number, to: number, most: number): string[] {
  const { unit } = timeTicks(from, to, most);
  let year: number | undefined;
  return splits.map((split) => {
    const ms = split * 1000;
    if (unit === "minute") return clock(ms, shownZone());
    if (unit === "day") return shortStamp(ms, undefined, UTC).split(" ").slice(0, 2).join(" ");
    const own = new Date(ms).getUTCFullYear();
    const label = monthName(ms, own !== year, UTC);
    year = own;
    return label;
  });
}

/** Options of a chart that reads its scene anew at each drawing, so that data and theme change without a new chart. */
export function plotOptions(
  width: number,
  height: number,
  scene: () => Scene,
  onCursor: (index: number | null) => void,
): uPlot.Options {
  const axis = {
    font: AXIS_FONT,
    labelFont: AXIS_FONT,
    stroke: () => colours().fnt,
    ticks: { show: false },
  };
  return {
    width,
    height,
    pxAlign: 0,
    legend: { show: false },
    padding: [6, 0, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
    scales: {
      x: { time: false, range: () => [scene().from, scene().to] },
      y: { range: () => valueRange(scene().series) },
    },
    series: [
      {},
      { stroke: () => colours().fnt, width: 1.25, dash: [4, 3], points: { show: false }, spanGaps: false },
      { stroke: () => colours().ink, width: 1.6, points: { show: false }, spanGaps: false },
    ],
    axes: [
      {
        ...axis,
        side: 2,
        size: 20,
        gap: 4,
        grid: { show: false },
        values: () => [],
      },
      {
        ...axis,
        side: 1,
        size: 58,
        gap: 6,
        align: 1,
        grid: { stroke: () => colours().line, width: 1 },
        splits: (_, __, low, high) => valueTicks(low, high),
        values: (_, splits) => {
          const decimals = tickDecimals(splits);
          return splits.map((split) => percentChange(split, decimals));
        },
      },
    ],
    hooks: {
      drawClear: [(plot) => drawUnder(plot, scene(), colours())],
      drawAxes: [(plot) => drawBetween(plot, scene(), colours())],
      draw: [(plot) => drawOver(plot, scene(), colours())],
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
    },
  };
}

function drawUnder(plot: uPlot, scene: Scene, colour: Palette): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const paint = { closed: translucent(colour.s3, 0.75), ahead: colour.s2, missing: translucent(colour.warnln, 0.55) };
  ctx.save();
  for (const band of scene.bands) {
    const from = Math.max(left, plot.valToPos(band.from, "x", true));
    const to = Math.min(left + width, plot.valToPos(band.to, "x", true));
    if (to <= from) continue;
    ctx.fillStyle = paint[band.kind];
    ctx.fillRect(from, top, to - from, height);
  }
  ctx.restore();
}

/** Labels of the time axis, drawn here because the first and the last have to stay inside the chart. */
function drawTimes(plot: uPlot, scene: Scene, colour: Palette): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const ratio = devicePixelRatio;
  const room = Math.max(2, Math.min(5, Math.floor(width / ratio / 64)));
  const { at } = timeTicks(scene.from, scene.to, room);
  ctx.font = scaled(AXIS_FONT);
  ctx.fillStyle = colour.fnt;
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  let reached = Number.NEGATIVE_INFINITY;
  timeLabels(at, scene.from, scene.to, room).forEach((label, index) => {
    const wide = ctx.measureText(label).width;
    const centre = plot.valToPos(at[index] as number, "x", true);
    const start = Math.max(left, Math.min(left + width - wide, centre - wide / 2));
    if (start < reached + 8 * ratio) return;
    reached = start + wide;
    ctx.fillText(label, start, top + height + 7 * ratio);
  });
}

function drawWords(plot: uPlot, scene: Scene, colour: Palette): void {
  const { ctx } = plot;
  ctx.font = scaled(AXIS_FONT);
  ctx.fillStyle = colour.fnt;
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  for (const band of scene.bands) {
    if (!band.word) continue;
    const from = plot.valToPos(band.from, "x", true);
    const to = plot.valToPos(band.to, "x", true);
    if (ctx.measureText(band.word).width < to - from) {
      ctx.fillText(band.word, (from + to) / 2, plot.bbox.top + 4 * devicePixelRatio);
    }
  }
}

function drawBetween(plot: uPlot, scene: Scene, colour: Palette): void {
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const x = (value: number): number => plot.valToPos(value, "x", true);
  const y = (value: number): number => plot.valToPos(value, "y", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  for (const area of difference(scene.series)) {
    ctx.fillStyle = area.side === "ahead" ? translucent(colour.up, 0.15) : translucent(colour.dn, 0.13);
    ctx.beginPath();
    for (const [at, value] of area.corners) ctx.lineTo(x(at), y(value));
    ctx.fill();
  }
  line(ctx, colour.line2, left, y(0), left + width, y(0));
  if (scene.now !== undefined && scene.now > scene.from && scene.now < scene.to) {
    ctx.setLineDash([devicePixelRatio, 3 * devicePixelRatio]);
    line(ctx, colour.ctl, x(scene.now), top, x(scene.now), top + height);
    ctx.setLineDash([]);
  }
  for (const at of scene.rebalances) {
    line(ctx, colour.ctl, x(at), top + height - 5 * devicePixelRatio, x(at), top + height);
  }
  ctx.restore();
}

function drawOver(plot: uPlot, scene: Scene, colour: Palette): void {
  const { ctx } = plot;
  const ratio = devicePixelRatio;
  const x = (value: number): number => plot.valToPos(value, "x", true);
  const y = (value: number): number => plot.valToPos(value, "y", true);
  ctx.save();
  ctx.fillStyle = colour.ink;
  for (const mark of scene.fills) {
    const below = mark.side === "buy" ? 1 : -1;
    const tip = y(mark.y) + below * 5 * ratio;
    ctx.beginPath();
    ctx.moveTo(x(mark.x), tip);
    ctx.lineTo(x(mark.x) - TRIANGLE * ratio, tip + below * 7 * ratio);
    ctx.lineTo(x(mark.x) + TRIANGLE * ratio, tip + below * 7 * ratio);
    ctx.fill();
  }
  drawWords(plot, scene, colour);
  drawTimes(plot, scene, colour);
  const value = lastOf(scene.series.bot);
  const at = scene.series.xs.at(-1);
  if (value !== undefined && at !== undefined) {
    ctx.beginPath();
    ctx.arc(x(at), y(value), 5 * ratio, 0, 2 * Math.PI);
    ctx.fillStyle = colour.s1;
    ctx.fill();
    ctx.beginPath();
    ctx.arc(x(at), y(value), 3.2 * ratio, 0, 2 * Math.PI);
    if (scene.held) {
      ctx.strokeStyle = colour.warn;
      ctx.lineWidth = 1.5 * ratio;
      ctx.stroke();
    } else {
      ctx.fillStyle = colour.ink;
      ctx.fill();
    }
  }
  ctx.restore();
}

function line(ctx: CanvasRenderingContext2D, colour: string, x0: number, y0: number, x1: number, y1: number): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

function scaled(font: string): string {
  return font.replace("11px", `${11 * devicePixelRatio}px`);
}
