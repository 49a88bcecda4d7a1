/** The bars of a day as they grow: those of the file, and each that the stream brought since it was read. */

import { useMemo, useRef } from "preact/hooks";
import { type DayBar, readBars, withNewest } from "./bars";

export type PushedBar = Record<string, string | number>;

/** The bars of `fromFile` and, where they follow on, the pushed ones; `of` names what they are bars of. */
export function useBars(of: string, fromFile: readonly DayBar[], pushed: PushedBar | undefined): readonly DayBar[] {
  const kept = useRef<{ of: string; bars: PushedBar[] }>({ of, bars: [] });
  return useMemo(() => {
    if (kept.current.of !== of) kept.current = { of, bars: [] };
    const read = fromFile.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
    const bars = kept.current.bars.filter((bar) => bar.ts !== pushed?.ts && timeOf(bar) > read);
    if (pushed) bars.push(pushed);
    kept.current.bars = bars;
    return bars.reduce<readonly DayBar[]>(withNewest, fromFile);
  }, [of, fromFile, pushed]);
}

/** The newest price that is known: of the pushed bar where the chart does not reach it yet. */
export function newestPrice(bars: readonly DayBar[], pushed: PushedBar | undefined): number | undefined {
  const last = bars.at(-1);
  const close = pushed?.close;
  if (typeof close === "number" && pushed && timeOf(pushed) > (last?.time ?? Number.NEGATIVE_INFINITY)) return close;
  return last?.close;
}

/** Close time of a pushed bar, s; before everything when it has none. */
function timeOf(bar: PushedBar): number {
  const [read] = readBars(typeof bar.ts === "string" ? { [bar.ts]: [1, 1, 1, 1, 0] } : undefined);
  return read?.time ?? Number.NEGATIVE_INFINITY;
}
