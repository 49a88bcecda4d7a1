/** SYNTHETIC bots for the tests, as the topics of the desk say them: made of `fixture.ts`. No page imports this file. */

import type { BotRow, BotsIndex, BotsPageBundle, BotsTotals, BotView, Problem } from "../api/schema";
import { keyOf } from "./bot";
import { makeJoiner, type Roster, type Told } from "./roster";

/** All bots of a bundle. */
export function viewsOf(bundle: BotsPageBundle): BotView[] {
  return [...Object.values(bundle.intraday.bots ?? {}), ...Object.values(bundle.swing.bots ?? {})];
}

function errorsOf(bundle: BotsPageBundle, { kind, bot }: BotView): [string, Problem][] {
  return Object.entries(bundle.errors ?? {}).filter(
    ([key, problem]) => problem.bot === bot || key === `${kind}.${bot}`,
  );
}

/** The row of a bot. */
export function rowOf(view: BotView, errors: Record<string, Problem> = {}): BotRow {
  const {
    positions,
    fills,
    trades,
    signals,
    targets,
    open_orders,
    rules,
    preview,
    equity_curve,
    hold_curve,
    more,
    ...row
  } = view;
  const [id, fill] = Object.entries(fills ?? {}).at(-1) ?? [];
  return { ...row, ...(id && fill ? { last_fill: { ...fill, id } } : {}), errors };
}

/** The index with the bots of a bundle. */
export function indexOf(bundle: BotsPageBundle): BotsIndex {
  const { intraday: _, swing: __, totals, errors, ...head } = bundle;
  const views = viewsOf(bundle);
  const named = new Set(views.flatMap((view) => errorsOf(bundle, view).map(([key]) => key)));
  const counted = Object.entries(totals ?? {}).map(([currency, total]) => [
    currency,
    {
      ...total,
      bots: total.bots.length,
      days: Object.fromEntries(
        Object.entries(total.days ?? {}).map(([day, row]) => [
          day,
          { ...row, bots: row.bots.length, missing_total: row.missing?.length ?? 0 },
        ]),
      ),
    },
  ]);
  return {
    ...head,
    counts: {},
    unread: {},
    totals: Object.fromEntries(counted) as BotsTotals["totals"],
    errors: Object.fromEntries(Object.entries(errors ?? {}).filter(([key]) => !named.has(key))),
    bots: Object.fromEntries(
      views.map((view) => [keyOf(view), rowOf(view, Object.fromEntries(errorsOf(bundle, view)))]),
    ),
  };
}

/** The cards of the bots of a bundle, as new as the desk's. */
export function cardsOf(bundle: BotsPageBundle): Map<string, Told> {
  const told = (view: BotView): Told => ({
    part: { version: bundle.version, errors: Object.fromEntries(errorsOf(bundle, view)), bot: view },
    isFresh: true,
  });
  return new Map(viewsOf(bundle).map((view) => [keyOf(view), told(view)]));
}

/** The bots of a bundle as pages have them. */
export function rosterOf(bundle: BotsPageBundle): { roster: Roster; cards: Map<string, Told> } {
  const cards = cardsOf(bundle);
  return { cards, roster: makeJoiner()({ index: indexOf(bundle), rows: new Map(), cards }) };
}
