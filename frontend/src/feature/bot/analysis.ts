/** What an analysis says, as rows and lines. Pure. */

import type { Analysis, Bin, Group } from "../../api/schema";
import { isNumber, money, type Unit } from "../../lib/money";

export const VIEWS = ["Result", "Duration", "Hour", "Weekday", "Exit reason", "Symbol", "Side"] as const;
export type View = (typeof VIEWS)[number];

/** Fewest returns, and fewest trades, of which a ratio says anything. */
export const ENOUGH = 30;

/** Trades that have something in common; what is absent is not known of classes of results. */
export interface GroupRow {
  name: string;
  trades: number;
  wins?: number;
  net?: number;
  /** Below zero where they lost together, or are results below zero. */
  sign: number;
}

const SIDES: Record<string, string> = { buy: "Long", sell: "Short" };

/** The trades of an analysis by what they have in common. */
export function rowsOf(found: Analysis, view: View): GroupRow[] {
  switch (view) {
    case "Result":
      return (found.results ?? []).map((bin) => ({ name: binName(bin, found), trades: bin.trades, sign: bin.low }));
    case "Duration":
      return rows(found.durations);
    case "Hour":
      return rows(found.hours, (hour) => `${hour}:00`);
    case "Weekday":
      return rows(found.weekdays);
    case "Exit reason":
      return rows(found.reasons);
    case "Symbol":
      return rows(found.symbols);
    case "Side":
      return rows(found.sides, (side) => SIDES[side] ?? side);
  }
}

/** `−250.00 to −200.00`. */
export function binName({ low, high }: Bin, unit: Unit): string {
  return `${money(low, unit)} to ${money(high, unit)}`;
}

function rows(groups: Record<string, Group> | undefined, nameOf = (key: string): string => key): GroupRow[] {
  return Object.entries(groups ?? {})
    .sort(([a], [b]) => (/^\d\d$/.test(a) && /^\d\d$/.test(b) ? Number(a) - Number(b) : 0))
    .map(([key, { trades, wins, net }]) => ({ name: nameOf(key), trades, wins, net, sign: net }));
}

export interface Line {
  points: string;
  /** Where zero lies. */
  zero: number;
  lowest: number;
  highest: number;
}

/** A ratio by day as points of a plot of `width` by `height`; undefined for fewer than two. */
export function lineOf(values: Record<string, number>, width: number, height: number): Line | undefined {
  const days = Object.keys(values).sort();
  if (days.length < 2) return undefined;
  const found = days.map((day) => values[day] ?? 0);
  const highest = Math.max(...found);
  const lowest = Math.min(...found);
  const top = Math.max(0, highest);
  const scale = height / (top - Math.min(0, lowest) || 1);
  const from = Date.parse(days[0] ?? "");
  const span = Date.parse(days.at(-1) ?? "") - from || 1;
  const x = (day: string): string => (((Date.parse(day) - from) / span) * width).toFixed(1);
  const y = (value: number): number => (top - value) * scale;
  return {
    points: days.map((day, index) => `${x(day)},${y(found[index] ?? 0).toFixed(1)}`).join(" "),
    zero: y(0),
    lowest,
    highest,
  };
}

const UNITS: readonly [limit: number, size: number, name: string][] = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86_400, 3600, "h"],
  [Number.POSITIVE_INFINITY, 86_400, "days"],
];

/** `45 s`, `12 min`, `3.5 h`, `2.1 days`. */
export function spanText(seconds: number | undefined): string {
  if (!isNumber(seconds)) return "";
  const [, size, name] = UNITS.find(([limit]) => seconds < limit) ?? [0, 86_400, "days"];
  const value = seconds / size;
  const text = value < 10 && size > 60 ? value.toFixed(1).replace(/\.0$/, "") : `${Math.round(value)}`;
  return `${text} ${name === "days" && text === "1" ? "day" : name}`;
}
