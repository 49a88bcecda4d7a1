/** uPlot with the options of an equity chart: a chunk of its own, fetched when the first chart comes near the window. */

import uPlot from "uplot";
import type { Series } from "./curve";
import { plotOptions, type Scene } from "./plot";

export interface Plot {
  setScene(scene: Scene): void;
  setSize(size: { width: number; height: number }): void;
  setCursor(left: number, top: number): void;
  /** Where the point `index` of the newest scene stands, px. */
  leftOf(index: number): number;
  redraw(): void;
  destroy(): void;
}

export function makePlot(
  element: HTMLElement,
  size: { width: number; height: number },
  scene: () => Scene,
  onCursor: (index: number | null) => void,
): Plot {
  const made = new uPlot(plotOptions(size.width, size.height, scene, onCursor), dataOf(scene().series), element);
  return {
    setScene: ({ series }) => made.setData(dataOf(series)),
    setSize: (next) => made.setSize(next),
    setCursor: (left, top) => made.setCursor({ left, top }),
    leftOf: (index) => made.valToPos(scene().series.xs[index] ?? 0, "x"),
    redraw: () => made.redraw(),
    destroy: () => made.destroy(),
  };
}

function dataOf(series: Series): uPlot.AlignedData {
  return [series.xs, series.hold, series.bot];
}
