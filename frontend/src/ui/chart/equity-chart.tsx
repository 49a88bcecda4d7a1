/** A bot's return since start beside buying and holding: a canvas, a slider for the keyboard, and a table. */

import { useEffect, useRef, useState } from "preact/hooks";
import { percentChange } from "../../lib/percent";
import { stamp } from "../../lib/time";
import { useNear } from "../../lib/use-near";
import { onTheme } from "./colour";
import { lastOf, type Series } from "./curve";
import { CurveTable } from "./curve-table";
import type { Plot } from "./make";
import type { Scene } from "./plot";

interface Props {
  name: string;
  /** What is held, e.g. `MSFT`. */
  holdName: string;
  scene: Scene;
  /** Present market time, ms: decides whether a time is written with its day. */
  now: number | undefined;
}

/** Index `by` real points further; gaps are stepped over, the ends hold. */
export function stepIndex(series: Series, from: number, by: number): number {
  const direction = Math.sign(by);
  let index = from;
  for (let left = Math.abs(by); left > 0; left -= 1) {
    let next = index + direction;
    while (series.bot[next] === null) next += direction;
    if (next < 0 || next >= series.xs.length) break;
    index = next;
  }
  return index;
}

export default function EquityChart({ name, holdName, scene, now }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const latest = useRef(scene);
  const [cursor, setCursor] = useState<number | null>(null);
  const [asTable, setAsTable] = useState(false);
  const figure = useRef<HTMLElement>(null);
  const isNear = useNear(figure);
  const [fault, setFault] = useState<unknown>();
  if (fault !== undefined) throw fault;
  const isByKey = useRef(false);
  latest.current = scene;
  const { series } = scene;

  // made once it has come near; a chart that is far away again stays, and is not drawn
  const isWanted = useRef(false);
  isWanted.current ||= isNear;
  const isMade = isWanted.current && !asTable;
  useEffect(() => {
    const element = host.current;
    if (!element || !isMade) return;
    const size = (): { width: number; height: number } => ({
      width: Math.max(120, element.clientWidth),
      height: Math.max(80, element.clientHeight),
    });
    const resize = new ResizeObserver(() => plot.current?.setSize(size()));
    const stop = onTheme(() => plot.current?.redraw());
    let isGone = false;
    import("./make")
      .then(({ makePlot }) => {
        if (isGone) return;
        plot.current = makePlot(element, size(), () => latest.current, setCursor);
        resize.observe(element);
      })
      .catch(setFault);
    return () => {
      isGone = true;
      stop();
      resize.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [isMade]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus follows when the one takes the place of the other
  useEffect(() => {
    if (!isByKey.current) return;
    isByKey.current = false;
    figure.current?.querySelector<HTMLElement>(".plot, .curve-table")?.focus({ preventScroll: true });
  }, [asTable]);

  useEffect(() => {
    if (isNear) plot.current?.setScene(scene);
  }, [scene, isNear]);

  const last = series.xs.length - 1;
  const at = Math.min(cursor ?? last, last);
  const atMs = (series.xs[at] ?? 0) * 1000;
  const bot = cursor === null ? lastOf(series.bot) : (series.bot[at] ?? undefined);
  const hold = cursor === null ? lastOf(series.hold) : (series.hold[at] ?? undefined);
  const spoken =
    `${stamp(atMs, now)}: ${name} ${percentChange(bot)}` +
    (hold === undefined ? "" : `, hold ${holdName} ${percentChange(hold)}`);

  const move = (index: number): void => {
    const made = plot.current;
    if (!made) return;
    made.setCursor(made.leftOf(index), 0);
    setCursor(index);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, () => void> = {
      ArrowLeft: () => move(stepIndex(series, at, event.shiftKey ? -10 : -1)),
      ArrowRight: () => move(stepIndex(series, at, event.shiftKey ? 10 : 1)),
      Home: () => move(0),
      End: () => move(last),
      Escape: () => {
        plot.current?.setCursor(-10, -10);
        setCursor(null);
      },
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  };

  return (
    <figure
      ref={figure}
      className="curve"
      onKeyDown={(event) => {
        if (event.key !== "t" || event.ctrlKey || event.metaKey || event.altKey) return;
        isByKey.current = true;
        setAsTable(!asTable);
      }}
    >
      <figcaption>
        <span className="legend">
          <i className="line-bot" />
          <span className="series" title={name}>
            {name}
          </span>{" "}
          <b>{percentChange(bot)}</b>
        </span>
        {hold !== undefined && (
          <span className="legend">
            <i className="line-hold" />
            hold {holdName} <span className="nowrap">{percentChange(hold)}</span>
          </span>
        )}
        {cursor !== null && <span className="legend at">{stamp(atMs, now)}</span>}
        <button type="button" className="quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? "Chart" : "Table"}
          <span className="spoken"> of the curve of {name}</span>
        </button>
      </figcaption>
      {asTable ? (
        <CurveTable name={name} holdName={holdName} series={series} now={now} />
      ) : (
        <div
          ref={host}
          className="plot"
          role="slider"
          tabIndex={0}
          aria-label={`${name}, return since start and buy and hold; arrow keys move, t shows the table`}
          aria-valuemin={0}
          aria-valuemax={last}
          aria-valuenow={at}
          aria-valuetext={spoken}
          onKeyDown={onKeyDown}
        />
      )}
    </figure>
  );
}
