/** The Bots page: attention, totals, comparison, cards. */

import { useEffect, useMemo } from "preact/hooks";
import type { BotsPageBundle, BotView } from "../../api/schema";
import { AskedOfAll } from "../../bot/asked-of-all";
import { Attention } from "../../bot/attention";
import { EmptyDesk } from "../../bot/empty-desk";
import type { CardState } from "../../bot/state";
import { problemOf, sectionProblems } from "../../bot/state";
import { botsOf, useStates } from "../../bot/states";
import { memo } from "../../lib/memo";
import { setQuery, useQuery } from "../../lib/route";
import { useSteps } from "../../lib/steps";
import { instant } from "../../lib/time";
import { useDesk } from "../../ui/frame/desk";
import { Announcer } from "./announcer";
import { Card } from "./card";
import { Compare, namesOf } from "./compare";
import Result from "./result";
import { Totals } from "./totals";

/** Bots whose name, symbols, currency, exchange, strategy or state hold every word of `filter`. */
export function filterBots(bots: readonly BotView[], states: Map<string, CardState>, filter: string): BotView[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...bots];
  return bots.filter((bot) => {
    const text = [
      bot.bot,
      namesOf(bot),
      ...(bot.symbols ?? []),
      bot.currency,
      bot.exchange,
      bot.strategy,
      bot.kind,
      states.get(bot.bot)?.word,
    ]
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** All open positions of the bots of the desk's mode, also of those that a bundle of many bots leaves out. */
export function openPositions(bundle: BotsPageBundle): number {
  return Object.values(bundle.totals ?? {}).reduce((sum, { open_positions: open }) => sum + (open ?? 0), 0);
}

interface CardsProps {
  bots: readonly BotView[];
  states: Map<string, CardState>;
  bundle: BotsPageBundle;
}

/** The cards and what stands below them. The table is in the first frame; the cards, most of the work, follow it once. */
const Cards = memo(function Cards({ bots, states, bundle }: CardsProps) {
  const drawn = useSteps(bots.length);
  return (
    <>
      <div className="cards">
        {bots.slice(0, drawn).map((bot) => {
          const state = states.get(bot.bot);
          return (
            state && (
              <Card
                key={bot.bot}
                bot={bot}
                state={state}
                session={bot.exchange ? bundle.sessions?.[bot.exchange] : undefined}
                problem={problemOf(bundle.errors, bot)}
                all={bundle.asked}
              />
            )
          );
        })}
      </div>
      {drawn >= bots.length && (
        <footer className="page-foot">
          {bundle.clock?.provenance && <p>{bundle.clock.provenance}</p>}
          <p>
            Dotted underline: the value is from an earlier update. A replay is never live: its time is the time of the
            recorded bars. Press <kbd>?</kbd> for the keys.
          </p>
        </footer>
      )}
    </>
  );
});

export const BotsPage = memo(function BotsPage({ bundle }: { bundle: BotsPageBundle }) {
  const desk = useDesk();
  const filter = useQuery().get("filter") ?? "";
  const bots = useMemo(() => botsOf(bundle), [bundle]);
  const states = useStates(bundle, bots, desk.keptAt !== undefined);
  const problems = useMemo(() => sectionProblems(bundle), [bundle]);
  const shown = useMemo(() => filterBots(bots, states, filter), [bots, states, filter]);
  const cards = useMemo(
    () => [...shown].sort((a, b) => Number(a.kind === "swing") - Number(b.kind === "swing")),
    [shown],
  );
  const positions = openPositions(bundle);
  const leftOut = Math.max(0, (bundle.intraday.bots_total ?? 0) + (bundle.swing.bots_total ?? 0) - bots.length);

  useEffect(() => {
    document.title = positions > 0 ? `(${positions}) Bots · Aion` : "Bots · Aion";
  }, [positions]);

  const notes = [...new Set(bots.map((bot) => bot.note).filter(Boolean))];
  return (
    <>
      <h1 className="spoken">Bots</h1>
      <Announcer bots={bots} states={states} quiet={desk.still} />
      <AskedOfAll asked={bundle.asked} bots={bots} />
      <Attention bots={bots} states={states} problems={problems} />
      {bundle.clock?.state === "finished" && <Result bundle={bundle} bots={bots} />}
      {bots.length === 0 ? (
        <EmptyDesk />
      ) : (
        <>
          <Totals totals={Object.values(bundle.totals ?? {})} bots={bots} states={states} />
          <Compare
            bots={shown}
            all={bots}
            states={states}
            total={bots.length}
            leftOut={leftOut}
            openPositions={positions}
            run={bundle.run}
            asOf={instant(bundle.as_of)}
            asked={bundle.asked}
            filter={filter}
            onFilter={(text) => setQuery({ filter: text })}
          />
          <div className="head">
            <h2>Bots</h2>
            <small>
              Curves show the return since start; dashed: buy and hold of the same symbols; ticks below: newest fills.
              Strength is the rule’s own score from 0 to 1, not a probability. {notes.join(" ")}
            </small>
          </div>
          <Cards bots={cards} states={states} bundle={bundle} />
        </>
      )}
    </>
  );
});
