/** What the chart library does not draw: bands behind the candles, and fills as triangles beside them. */

import type {
  IPrimitivePaneView,
  ISeriesPrimitive,
  PrimitivePaneViewZOrder,
  SeriesAttachedParameter,
  Time,
} from "lightweight-charts";
import { colours, translucent } from "../../ui/chart/colour";
import type { Band } from "./band";
import type { BarMark, DayBar } from "./bars";

const SIDE = 8; // px of a triangle
const AWAY = 5; // px between it and the bar
const FONT = "11px Inter, system-ui, sans-serif";

interface Scene {
  bands: readonly Band[];
  bars: ReadonlyMap<number, DayBar>;
  marks: readonly BarMark[];
}

type Target = Parameters<NonNullable<ReturnType<IPrimitivePaneView["renderer"]>>["draw"]>[0];

/** Draws a scene; give it a new one with `set`. */
export class Overlay implements ISeriesPrimitive<Time> {
  #scene: Scene = { bands: [], bars: new Map(), marks: [] };
  #at: SeriesAttachedParameter<Time> | undefined;
  #views: IPrimitivePaneView[] = [
    this.#view("bottom", (target) => this.#drawBands(target)),
    this.#view("top", (target) => this.#drawMarks(target)),
  ];

  attached(at: SeriesAttachedParameter<Time>): void {
    this.#at = at;
  }

  detached(): void {
    this.#at = undefined;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views;
  }

  /** Draw `scene` from now on. */
  set(scene: Scene): void {
    this.#scene = scene;
    this.#at?.requestUpdate();
  }

  /** Draw again, in the colours of the present theme. */
  repaint(): void {
    this.#at?.requestUpdate();
  }

  #view(zOrder: PrimitivePaneViewZOrder, draw: (target: Target) => void): IPrimitivePaneView {
    return { zOrder: () => zOrder, renderer: () => ({ draw }) };
  }

  #x(time: number): number | null {
    return this.#at?.chart.timeScale().timeToCoordinate(time as unknown as Time) ?? null;
  }

  #drawBands(target: Target): void {
    const colour = colours();
    // biome-ignore lint/correctness/useHookAtTopLevel: a method of the chart library, no hook
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      for (const { from, to, kind, word } of this.#scene.bands) {
        const left = this.#x(from);
        const right = this.#x(to) ?? mediaSize.width;
        if (left === null || right <= left) continue;
        context.fillStyle = kind === "future" ? colour.s2 : translucent(colour.s3, 0.8);
        context.fillRect(left, 0, right - left, mediaSize.height);
        if (!word || right - left < 24) continue;
        context.font = FONT;
        context.textAlign = "center";
        context.fillStyle = kind === "halt" ? colour.warn : colour.fnt;
        context.fillText(word, (left + right) / 2, 14, right - left - 4);
      }
    });
  }

  #drawMarks(target: Target): void {
    const series = this.#at?.series;
    if (!series) return;
    const colour = colours();
    // biome-ignore lint/correctness/useHookAtTopLevel: a method of the chart library, no hook
    target.useMediaCoordinateSpace(({ context }) => {
      for (const { time, side } of this.#scene.marks) {
        const bar = this.#scene.bars.get(time);
        const x = this.#x(time);
        const y = bar && series.priceToCoordinate(side === "buy" ? bar.low : bar.high);
        if (x === null || y === null || y === undefined) continue;
        const way = side === "buy" ? 1 : -1; // a buy stands under the bar and points up
        context.beginPath();
        context.moveTo(x, y + way * AWAY);
        context.lineTo(x - SIDE / 2, y + way * (AWAY + SIDE));
        context.lineTo(x + SIDE / 2, y + way * (AWAY + SIDE));
        context.closePath();
        context.fillStyle = colour.ink;
        context.strokeStyle = colour.s1;
        context.stroke();
        context.fill();
      }
    });
  }
}
