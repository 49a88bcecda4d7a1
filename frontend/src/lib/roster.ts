/**
 * All bots of the desk, joined from what is known of them: the index (all, a row each, seldom where there are many), the
 * totals, and the rows and cards of those that are looked at, which come at once. Pure but for what it remembers.
 *
 * The newest wins: a row or card that is compared with the desk is newer than any index; one that is let go stands until
 * an index has overtaken it, so that no figure steps back.
 */

import type { BotRow, BotsIndex, BotsTotals, BotView } from "../api/schema";
import { type Bot, keyOf } from "./bot";
import { byName } from "./order";
import { share } from "./share";

/** A row or card of one bot as it is pushed by itself; without `bot` where nothing can be shown of it. */
export interface Part {
  version: number;
  etag?: string;
  errors?: BotRow["errors"];
  bot?: Bot;
}

/** A part as it is held. */
export interface Told {
  part: Part;
  /** True while a stream keeps it as new as the desk's. */
  isFresh: boolean;
}

/** What the bots are joined from; rows and cards by the bot's key, `swing/trend`. */
export interface Sources {
  index: BotsIndex;
  totals?: BotsTotals | undefined;
  /** True while a stream keeps the totals as new as the desk's. */
  isFresh?: boolean;
  rows: ReadonlyMap<string, Told>;
  cards: ReadonlyMap<string, Told>;
}

export interface Roster extends BotsTotals {
  /** By currency, that of the most bots first, then by kind and name. */
  bots: readonly Bot[];
  byKey: ReadonlyMap<string, Bot>;
}

/** True for what an index of `version` does not have yet. */
export function isAhead({ part, isFresh }: Told, version: number): boolean {
  return isFresh || part.version > version;
}

const made = new WeakMap<Part, { errors: Bot["errors"]; bot: Bot }>();

/** The bot of a card with its problems; those that the whole desk is the reason for stand in its row alone. */
function ofCard(part: Part, row: Bot): Bot {
  const before = made.get(part);
  if (before && before.errors === row.errors) return before.bot;
  const ofDesk = Object.entries(row.errors ?? {}).filter(([, { kind }]) => kind.startsWith("mixed_"));
  const bot = { ...(part.bot as Bot), errors: { ...Object.fromEntries(ofDesk), ...part.errors } };
  made.set(part, { errors: row.errors, bot });
  return bot;
}

/** The newest of what is known of a bot; it has lists and curves where its card is the newest. */
function newest(row: Bot, told: Told | undefined, card: Told | undefined, version: number): Bot {
  const next = told?.part.bot && isAhead(told, version) ? told : undefined;
  const best = next?.part.bot ?? row;
  if (!card?.part.bot || !isAhead(card, version)) return best;
  return next && next.part.version > card.part.version ? best : ofCard(card.part, best);
}

/** Return what joins: bots that are as before are the same objects, and their order is sought only when it may change. */
export function makeJoiner(): (sources: Sources) => Roster {
  let order: string[] = [];
  let before: Roster | undefined;
  let head: BotsTotals | undefined;
  let joined: BotsIndex | undefined;
  let touched: ReadonlySet<string> = new Set();

  /** The bots of the same index with other parts, few of which may be others; undefined where their order may change. */
  function retouched(
    { index, rows, cards }: Sources,
    keys: ReadonlySet<string>,
  ): Pick<Roster, "bots" | "byKey"> | undefined {
    if (!before || index !== joined) return undefined;
    const news = new Map<Bot, Bot>();
    const byKey = new Map(before.byKey);
    for (const key of new Set([...touched, ...keys])) {
      const [was, row] = [byKey.get(key), index.bots[key]];
      if (!was || !row) continue; // no bot of the desk
      const bot = newest(row, rows.get(key), cards.get(key), index.version);
      if (bot === was) continue;
      if (bot.currency !== was.currency) return undefined;
      news.set(was, bot);
      byKey.set(key, bot);
    }
    return news.size > 0 ? { bots: before.bots.map((bot) => news.get(bot) ?? bot), byKey } : before;
  }

  function join({ index, rows, cards }: Sources): Pick<Roster, "bots" | "byKey"> {
    const byKey = new Map<string, Bot>();
    let isInOrder = true;
    for (const [key, row] of Object.entries(index.bots)) {
      const bot = newest(row, rows.get(key), cards.get(key), index.version);
      byKey.set(key, bot);
      isInOrder &&= before?.byKey.get(key)?.currency === bot.currency;
    }
    if (!isInOrder || byKey.size !== order.length) order = inOrder(byKey);
    const bots = order.map((key) => byKey.get(key) as Bot);
    const isSame = before?.bots.length === bots.length && bots.every((bot, at) => bot === before?.bots[at]);
    return isSame && before ? before : { bots, byKey };
  }

  return (sources) => {
    const { index, totals, isFresh = false, rows, cards } = sources;
    const keys = new Set([...rows.keys(), ...cards.keys()]);
    const { bots, byKey } = retouched(sources, keys) ?? join(sources);
    joined = index;
    touched = keys;
    const { bots: _, ...said } = totals && (isFresh || totals.version >= index.version) ? { bots, ...totals } : index;
    head = share(head, said); // index and totals say the same of the desk
    before = { ...head, bots, byKey };
    return before;
  };
}

/** Keys in the order of the page. */
function inOrder(bots: ReadonlyMap<string, Bot>): string[] {
  const weight = new Map<string, number>();
  for (const { currency } of bots.values()) weight.set(currency, (weight.get(currency) ?? 0) + 1);
  return [...bots]
    .sort(
      ([, a], [, b]) =>
        (weight.get(b.currency) ?? 0) - (weight.get(a.currency) ?? 0) ||
        byName(a.currency, b.currency) ||
        byName(a.kind, b.kind) ||
        byName(a.bot, b.bot),
    )
    .map(([key]) => key);
}

const besides = new WeakMap<Part, { bot: Bot; view: BotView }>();

/** What a card shows of `bot`: all of it as the card says, or newer figures of its row beside lists that are older. */
export function viewOf(card: Part | undefined, bot: Bot): BotView | undefined {
  if (!card?.bot) return undefined;
  if (made.get(card)?.bot === bot) return bot as BotView;
  const before = besides.get(card);
  if (before?.bot === bot) return before.view;
  const { symbols: _, last_fill: __, leaving: ___, ...row } = bot;
  const view = { ...card.bot, ...row } as BotView;
  besides.set(card, { bot, view });
  return view;
}

/** The bot of a name: the intraday one where two have it, unless it is `kind` that is asked for. */
export function botNamed({ byKey }: Pick<Roster, "byKey">, name: string, kind?: string | null): Bot | undefined {
  const kinds = kind === "swing" ? (["swing", "intraday"] as const) : (["intraday", "swing"] as const);
  return kinds.map((each) => byKey.get(keyOf({ kind: each, bot: name }))).find(Boolean);
}
