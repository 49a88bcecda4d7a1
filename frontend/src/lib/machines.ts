/** Totals of the machines that are heard of, made of those of all and of each. */

import type { BotsTotals, IndexDay, IndexTotal, MachineLine } from "../api/schema";

type Totals = BotsTotals["totals"];
type Machines = Record<string, MachineLine>;

const SUMS = ["equity", "cash", "positions_value", "open_positions", "start_equity", "net"] as const;
const OF_DAY = ["gross", "fees", "slippage", "borrow", "funding", "net"] as const;

/** What is left of a sum when a part goes; a sum that is not said stays so. */
function less<K extends string>(
  from: Partial<Record<K, number>>,
  part: Partial<Record<K, number>>,
  names: readonly K[],
) {
  const found: Partial<Record<K, number>> = {};
  for (const name of names) {
    const [all, gone] = [from[name], part[name]];
    // decimals, not what floats leave of them
    if (all !== undefined) found[name] = Number((all - (gone ?? 0)).toPrecision(14));
  }
  return found;
}

function dayWithout(
  day: IndexDay,
  part: IndexDay | undefined,
  bots: number,
  isGone: (bot: string) => boolean,
): IndexDay {
  const marked = part?.bots ?? 0;
  return {
    ...day,
    ...less(day, part ?? {}, OF_DAY),
    bots: day.bots - marked,
    missing: (day.missing ?? []).filter((name) => !isGone(name)),
    missing_total: (day.missing_total ?? 0) - (bots - marked),
  } as IndexDay;
}

function without(total: IndexTotal, part: IndexTotal, isGone: (bot: string) => boolean): IndexTotal {
  const days = Object.entries(total.days ?? {})
    .map(([day, row]) => [day, dayWithout(row, part.days?.[day], part.bots, isGone)] as const)
    .filter(([, row]) => row.bots > 0);
  // a fall is of all bots together: that of some of them is not known here
  const { drawdown: _, max_drawdown: __, peak_at: ___, drawdown_since: ____, is_at_closes: _____, ...rest } = total;
  return {
    ...rest,
    ...less(total, part, SUMS),
    bots: total.bots - part.bots,
    days: Object.fromEntries(days),
  } as IndexTotal;
}

/**
 * The totals of all bots but those of the `held` machines, which `isGone` tells by their ids; no drawdown where one of
 * them is in it.
 */
export function totalsWithout(
  totals: Totals,
  machines: Machines,
  held: readonly string[],
  isGone: (bot: string) => boolean,
): Totals {
  const found = { ...totals };
  for (const name of held)
    for (const [currency, part] of Object.entries(machines[name]?.totals ?? {})) {
      const total = found[currency];
      if (!total) continue;
      const rest = without(total, part, isGone);
      if (rest.bots > 0) found[currency] = rest;
      else delete found[currency];
    }
  return found;
}
