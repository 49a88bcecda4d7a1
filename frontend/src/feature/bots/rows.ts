/** Rows of the comparison: which bots are in it and in which order. Pure but for what it remembers of each bot. */

import { costsOf } from "../../bot/figure";
import type { CardState } from "../../bot/state";
import type { States } from "../../bot/states";
import { type Bot, keyOf, nameOf } from "../../lib/bot";
import { plural } from "../../lib/money";
import { byName } from "../../lib/order";
import { returnOn } from "../../lib/percent";
import { instant } from "../../lib/time";
import type { Sort } from "../../ui/sortable";

export interface Row {
  bot: Bot;
  state: CardState;
  /** True where another currency begins. */
  first: boolean;
}

/** `MSFT`, `10 symbols`. */
export function namesOf(bot: Bot): string {
  const symbols = bot.symbols ?? [];
  const total = Math.max(symbols.length, bot.symbols_total ?? 0);
  return total === 1 ? (symbols[0] ?? "") : total === 0 ? "" : plural(total, "symbol");
}

const texts = new WeakMap<Bot, string>();

/** What the filter finds of a bot beside its state. */
function textOf(bot: Bot): string {
  let text = texts.get(bot);
  if (text === undefined) {
    const { symbols = [], currency, exchange, strategy, kind, machine } = bot;
    text = [nameOf(bot), machine, namesOf(bot), ...symbols, currency, exchange, strategy, kind].join(" ").toLowerCase();
    texts.set(bot, text);
  }
  return text;
}

/** Bots whose name, symbols, currency, exchange, strategy or state hold every word of `filter`. */
export function filterBots(bots: readonly Bot[], states: States, filter: string): readonly Bot[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return bots;
  return bots.filter((bot) => {
    const text = textOf(bot);
    const state = states.get(keyOf(bot))?.word.toLowerCase() ?? "";
    return words.every((word) => text.includes(word) || state.includes(word));
  });
}

type Value = string | number | undefined;

/** What each column is sorted by, by its name. */
const VALUES: Record<string, (bot: Bot) => Value> = {
  Bot: ({ bot }) => bot,
  Ccy: ({ currency }) => currency,
  Equity: ({ equity }) => equity,
  "Day gross": ({ day_pnl: day }) => day?.gross,
  Costs: costsOf,
  "Day net": ({ day_pnl: day }) => day?.net,
  "Total gross": ({ total_pnl: total }) => total?.gross,
  "Total net": ({ net }) => net,
  Hold: ({ hold_equity: hold, start_equity: start }) => returnOn(hold, start),
  Drawdown: ({ stats }) => stats?.drawdown,
  Exposure: ({ stats }) => stats?.exposure,
  "Win rate": ({ stats }) => stats?.win_rate,
  "Profit factor": ({ stats }) => stats?.profit_factor,
  "As of": ({ as_of }) => instant(as_of),
  Heartbeat: ({ written_at: at }) => instant(at),
};

/** Sums of money: those of one currency are not compared with those of another. */
const MONEY = new Set(["Equity", "Day gross", "Costs", "Day net", "Total gross", "Total net"]);

function compare(a: Value, b: Value): number {
  return typeof a === "number" && typeof b === "number" ? a - b : byName(String(a), String(b));
}

/** `bots` in the order of `sort`, sums of money by currency; what has no value comes last, equals stay as they were. */
export function sortBots(bots: readonly Bot[], sort: Sort | undefined): readonly Bot[] {
  const value = sort && VALUES[sort.by];
  if (!value) return bots;
  const way = sort.down ? -1 : 1;
  const places = new Map<string, number>();
  for (const { currency } of MONEY.has(sort.by) ? bots : [])
    if (!places.has(currency)) places.set(currency, places.size);
  return bots
    .map((bot) => ({ bot, of: value(bot), place: places.get(bot.currency) ?? 0 }))
    .sort((a, b) => {
      if (a.place !== b.place) return a.place - b.place;
      if (a.of === undefined || b.of === undefined) return Number(a.of === undefined) - Number(b.of === undefined);
      return way * compare(a.of, b.of);
    })
    .map(({ bot }) => bot);
}

const rows = new WeakMap<Bot, Row>();

/** A row for each of `bots`; the same object as long as nothing of it changes. */
export function rowsOf(bots: readonly Bot[], states: States, sort: Sort | undefined): Row[] {
  const isGrouped = !sort || MONEY.has(sort.by);
  return bots.flatMap((bot, index) => {
    const state = states.get(keyOf(bot));
    if (!state) return [];
    const first = isGrouped && index > 0 && bots[index - 1]?.currency !== bot.currency;
    const before = rows.get(bot);
    if (before?.state === state && before.first === first) return before;
    const row = { bot, state, first };
    rows.set(bot, row);
    return row;
  });
}

/** What the address says of the order: `net` for the smallest first, `-net` for the largest. */
export function sortFrom(text: string | null): Sort | undefined {
  const by = Object.keys(VALUES).find((name) => slug(name) === text?.replace(/^-/, ""));
  return by === undefined ? undefined : { by, down: text?.startsWith("-") === true };
}

export function sortText(sort: Sort): string {
  return `${sort.down ? "-" : ""}${slug(sort.by)}`;
}

const slug = (name: string): string => name.toLowerCase().replace(" ", "_");
