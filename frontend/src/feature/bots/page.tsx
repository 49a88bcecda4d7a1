/** The Bots page: attention, totals, comparison, cards. */

import { useEffect, useMemo } from "preact/hooks";
import type { BotsTotals } from "../../api/schema";
import { AskedOfAll } from "../../bot/asked-of-all";
import { Attention } from "../../bot/attention";
import { EmptyDesk } from "../../bot/empty-desk";
import { sectionProblems } from "../../bot/state";
import type { States } from "../../bot/states";
import { later } from "../../lib/later";
import { memo } from "../../lib/memo";
import type { Roster, Told } from "../../lib/roster";
import { setQuery, useQuery } from "../../lib/route";
import { useTurn } from "../../lib/steps";
import { instant } from "../../lib/time";
import { useDesk } from "../../ui/frame/desk";
import type { Sort } from "../../ui/sortable";
import { Announcer } from "./announcer";
import { Cards } from "./cards";
import { Compare } from "./compare";
import Result from "./result";
import { filterBots, rowsOf, sortBots, sortFrom, sortText } from "./rows";
import { Totals } from "./totals";

/** All open positions of the bots of the desk's mode. */
export function openPositions({ totals }: Pick<BotsTotals, "totals">): number {
  return Object.values(totals ?? {}).reduce((sum, { open_positions: open }) => sum + (open ?? 0), 0);
}

const toFilter = (filter: string): void => setQuery({ filter });
const toSort = (sort: Sort): void => setQuery({ sort: sortText(sort) });

interface Props {
  roster: Roster;
  states: States;
  /** The cards on the screen, by key. */
  cards: ReadonlyMap<string, Told>;
}

/** Comes only where a desk shows several machines. */
const Machines = later(
  () => import("./machines"),
  () => null,
);

export const BotsPage = memo(function BotsPage({ roster, states, cards }: Props) {
  const desk = useDesk();
  const query = useQuery();
  const filter = query.get("filter") ?? "";
  const order = query.get("sort");
  const sort = useMemo(() => sortFrom(order), [order]);
  const { errors, unread, machines } = roster;
  const machine = (machines && query.get("machine")) || "";
  const bots = useMemo(
    () => (machine ? roster.bots.filter((bot) => (bot.machine ?? ".") === machine) : roster.bots),
    [roster.bots, machine],
  );
  const problems = useMemo(() => sectionProblems({ errors, unread, bots }), [errors, unread, bots]);
  const shown = useMemo(() => sortBots(filterBots(bots, states, filter), sort), [bots, states, filter, sort]);
  const rows = useMemo(() => rowsOf(shown, states, sort), [shown, states, sort]);
  const inOrder = useMemo(
    () => (sort ? shown : [...shown].sort((a, b) => Number(a.kind === "swing") - Number(b.kind === "swing"))),
    [shown, sort],
  );
  const isWhole = useTurn(bots.length <= MANY);
  const positions = openPositions(roster);
  useEffect(() => {
    document.title = positions > 0 ? `(${positions}) Bots · Aion` : "Bots · Aion";
  }, [positions]);
  const notes = useMemo(() => [...new Set(bots.map((bot) => bot.note).filter(Boolean))].slice(0, NOTES), [bots]);
  return (
    <>
      <h1 className="spoken">Bots</h1>
      <Announcer bots={bots} states={states} quiet={desk.still} />
      <AskedOfAll asked={roster.asked} bots={bots} />
      <Attention bots={bots} states={states} problems={problems} />
      {roster.clock?.state === "finished" && <Result head={roster} bots={bots} />}
      {roster.bots.length === 0 && <EmptyDesk />}
      {machines ? (
        <Machines roster={roster} machine={machine} bots={bots} states={states} />
      ) : (
        bots.length > 0 && (
          <Totals totals={roster.totals} apart={roster.totals_apart} mode={roster.mode} bots={bots} states={states} />
        )
      )}
      {bots.length > 0 && isWhole && (
        <>
          <Compare
            rows={rows}
            bots={bots}
            states={states}
            openPositions={positions}
            run={roster.run}
            asOf={instant(roster.as_of)}
            asked={roster.asked}
            filter={filter}
            onFilter={toFilter}
            sort={sort}
            onSort={toSort}
          />
          <div className="head">
            <h2>Bots</h2>
            <small>
              Curves show the return since start; dashed: buy and hold of the same symbols; ticks below: newest fills.
              Strength is the rule’s own score from 0 to 1, not a probability. {notes.join(" ")}
            </small>
          </div>
          <Cards bots={inOrder} states={states} roster={roster} cards={cards} />
        </>
      )}
    </>
  );
});

const MANY = 24; // bots from which on what stands below the totals has a task of its own
const NOTES = 3; // what bots say of themselves above the cards: more would push them down
