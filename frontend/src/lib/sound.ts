/**
 * Whether data is what the pages take it for. What a browser kept may be of another version or of another program, and an
 * answer may come from whatever stands between: a page that trusts either is one that cannot be drawn. Pure.
 */

import type { BotsIndex, BotsTotals, BotView, IntradaySnapshot } from "../api/schema";
import type { Part } from "./roster";

type Fields = Record<string, unknown>;

/** Fields of a bot by what they are, where they are there at all. */
const TEXTS = ["as_of", "mode", "run", "exchange", "strategy", "rule", "note", "state", "day", "hold_name"];
const MAPS = ["positions", "fills", "trades", "signals", "targets", "open_orders", "errors"];
const OBJECTS = [
  "equity_curve",
  "hold_curve",
  "rules",
  "more",
  "asked",
  "day_pnl",
  "total_pnl",
  "stats",
  "preview",
  "last_fill",
];

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isMap(value: unknown): value is Record<string, Fields> {
  return isObject(value) && Object.values(value).every(isObject);
}

function have(fields: Fields, names: readonly string[], is: (value: unknown) => boolean): boolean {
  return names.every((name) => fields[name] === undefined || is(fields[name]));
}

const isText = (value: unknown): boolean => typeof value === "string";

function isBot(fields: Fields): boolean {
  return (
    [fields.bot, fields.kind, fields.currency].every(isText) &&
    typeof fields.equity === "number" &&
    have(fields, TEXTS, isText) &&
    have(fields, MAPS, isMap) &&
    have(fields, OBJECTS, isObject) &&
    have(fields, ["symbols"], Array.isArray)
  );
}

function areBots(bots: Record<string, BotView> | undefined): boolean {
  return isMap(bots) && Object.values(bots).every(isBot);
}

/** True for what is said of the whole desk. */
export function isTotals(totals: BotsTotals): boolean {
  return (
    isMap(totals.totals) &&
    have({ ...totals }, ["sessions", "errors", "unread", "totals_apart"], isMap) &&
    have({ ...totals }, ["clock", "asked", "watch"], isObject) &&
    Object.values(totals.totals).every(({ currency }) => isText(currency))
  );
}

const known = new WeakSet<object>();

/** True for the index of all bots. A row that was looked at before is not looked at again. */
export function isIndex(index: BotsIndex): boolean {
  return isTotals(index) && isObject(index.bots) && Object.values(index.bots).every(isKnown);
}

function isKnown(row: unknown): boolean {
  if (!isObject(row)) return false;
  if (known.has(row)) return true;
  const is = isBot(row);
  if (is) known.add(row);
  return is;
}

/** True for a row or a card that came by itself. */
export function isPart(part: unknown): part is Part {
  return (
    isObject(part) &&
    typeof part.version === "number" &&
    have(part, ["errors"], isMap) &&
    have(part, ["bot"], (bot) => isObject(bot) && isBot(bot))
  );
}

/** True for a snapshot of the Intraday page. */
export function isSnapshot(snapshot: IntradaySnapshot): boolean {
  const { symbols, bots } = snapshot;
  return (
    isMap(symbols) &&
    Object.values(symbols).every((view) => have({ ...view }, ["bar", "features", "signal"], isObject)) &&
    areBots(bots) &&
    have({ ...snapshot }, ["sessions", "errors"], isMap) &&
    have({ ...snapshot }, ["clock"], isObject)
  );
}
