/** Equity beside buy and hold, and the fall from the peak under it, on one time axis. */

import { useMemo, useState } from "preact/hooks";
import type { BotDays, BotPart, BotView, Problem, Session } from "../../api/schema";
import type { CardState } from "../../bot/state";
import { nameOf } from "../../lib/bot";
import { later } from "../../lib/later";
import { fall } from "../../lib/percent";
import { dayName, instant, isoDay, stamp, UTC } from "../../lib/time";
import { useFetched } from "../../lib/use-fetched";
import { type Series, whyNone } from "../../ui/chart/curve";
import { ChartGuard } from "../../ui/chart/guard";
import type { Scene } from "../../ui/chart/plot";
import { sceneOf } from "../../ui/chart/scene";
import { useDesk } from "../../ui/frame/desk";
import { Panel } from "../../ui/panel";
import { deepest, falls, runView, stretches } from "./span";

const EquityChart = later(
  () => import("../../ui/chart/equity-chart"),
  () => <div className="curve empty" />,
);

const HEIGHT = 56; // px of the fall's own chart

/** The fall from the running peak as an area under zero, in the width of the curve's plot. */
function Falls({ scene, series, ofRun }: { scene: Scene; series: Series; ofRun: boolean }) {
  // what the desk says of a curve counts from its first point too
  const values = useMemo(() => falls(series, ofRun), [series, ofRun]);
  const low = deepest(values);
  const now = [...values].reverse().find((value) => value !== null) ?? 0;
  const span = scene.to - scene.from || 1;
  const x = (at: number): string => (((at - scene.from) / span) * 1000).toFixed(1);
  const y = (value: number): string => (low ? (value / low.fall) * (HEIGHT - 4) : 0).toFixed(1);
  const parts = stretches(series.xs, values).map(({ kind, points }) => {
    const line = points.map(([at, value]) => `${x(at)},${y(value)}`).join("L");
    return { kind, line, ground: `M${x(points[0]?.[0] ?? 0)},0L${line}L${x(points.at(-1)?.[0] ?? 0)},0Z` };
  });
  const lowAt = low === undefined ? undefined : (series.xs[low.index] ?? 0) * 1000;
  const lowText = series.daily ? dayName(isoDay(lowAt ?? 0, UTC), undefined, UTC) : stamp(lowAt ?? 0, undefined);
  const since = (series.xs[0] ?? 0) * 1000;
  const sinceAt = series.daily ? dayName(isoDay(since, UTC), undefined, UTC) : stamp(since, undefined);
  const words = low ? `deepest ${fall(-low.fall)} on ${lowText}, now ${fall(-now)}` : "none";
  return (
    <figure className="falls">
      <figcaption>
        Drawdown{ofRun ? " at daily closes" : ` since ${sinceAt}`} <small>{words}</small>
      </figcaption>
      <svg
        viewBox={`0 0 1000 ${HEIGHT}`}
        preserveAspectRatio="none"
        height={HEIGHT}
        role="img"
        aria-label={`Drawdown: ${words}`}
      >
        <line x1="0" x2="1000" y1="0.5" y2="0.5" />
        {parts.map(({ kind, line, ground }) => (
          <g key={ground} className={kind}>
            <path className="ground" d={ground} />
            {kind === "known" && <path className="line" d={`M${line}`} />}
          </g>
        ))}
      </svg>
    </figure>
  );
}

interface Props {
  bot: BotView;
  state: CardState;
  session: Session | undefined;
  problem: Problem | undefined;
  days: BotDays | undefined;
}

export function Performance({ bot, state, session, problem, days }: Props) {
  const { clock, market } = useDesk();
  const whole = useFetched<BotPart>(bot.more?.curve, bot.as_of).data;
  const [wanted, setWanted] = useState<"day" | "run">("day");
  const run = useMemo(() => runView(bot, days), [bot, days]);
  const span = run && wanted === "run" ? "run" : "day";
  const shown = useMemo<BotView>(() => {
    if (span === "run" && run) return run;
    // the curve as it was pushed ends later than the longer one that was fetched
    const curve = whole?.equity_curve;
    if (!curve) return bot;
    const more = { ...bot.more };
    delete more.curve;
    return {
      ...bot,
      equity_curve: { ...curve, ...newer(bot.equity_curve, whole.as_of) },
      hold_curve: { ...whole.hold_curve, ...newer(bot.hold_curve, whole.as_of) },
      more,
    };
  }, [bot, run, span, whole]);
  const scene = useMemo(
    () => sceneOf(shown, { clock, session: span === "run" ? undefined : session, problem, held: state.held }),
    [shown, clock, session, span, problem, state.held],
  );
  return (
    <Panel
      title="Equity"
      asOf={bot.as_of}
      at={instant(bot.written_at)}
      held={state.held}
      className="performance"
      tools={
        run && (
          <fieldset className="segments">
            <legend className="spoken">Time range</legend>
            {(["day", "run"] as const).map((each) => (
              <label key={each}>
                <input type="radio" name="span" checked={span === each} onChange={() => setWanted(each)} />
                <span>{each === "day" ? "Day" : "Run"}</span>
              </label>
            ))}
          </fieldset>
        )
      }
    >
      {scene ? (
        <>
          <ChartGuard settings={span}>
            <EquityChart key={span} name={nameOf(bot)} holdName={bot.hold_name ?? ""} scene={scene} now={market} />
          </ChartGuard>
          <Falls scene={scene} series={scene.series} ofRun={span === "run"} />
        </>
      ) : (
        <p className="none pad">{whyNone(bot)}</p>
      )}
      {bot.note && <p className="caveat soft">{bot.note}</p>}
    </Panel>
  );
}

/** Points after market time `asOf`. */
function newer(curve: Record<string, number> | undefined, asOf: string): Record<string, number> {
  const from = instant(asOf) ?? Number.NEGATIVE_INFINITY;
  return Object.fromEntries(Object.entries(curve ?? {}).filter(([at]) => (instant(at) ?? 0) > from));
}
