/** Curves of several bots as lines in one picture: where each point stands, and the ticks beside them. */

import type { Comparison, Line } from "../../api/schema";

export const WIDTH = 1000;
export const HEIGHT = 280;
/** Bots that are compared at once; the desk takes no more. */
export const MOST = 12;
/** Kinds of line, one for each of them. */
export const KINDS = "line-0 line-1 line-2 line-3 line-4 line-5 line-6 line-7 line-8 line-9 line-10 line-11".split(" ");
/** Bots that are chosen before anybody has chosen. */
const FEW = 6;

export interface Drawn {
  name: string;
  /** Which of the twelve kinds of line it has. */
  kind: string;
  /** Of the SVG path; empty where there are no two points. */
  path: string;
}

export interface Picture {
  lines: Drawn[];
  /** Changes since the first day that have a line across, and their height as a part of the picture. */
  ticks: { value: number; at: number }[];
}

const dayMs = (day: string): number => Date.parse(`${day}T12:00:00Z`);

/** Round steps of a scale from `low` to `high`: at most five of them. */
export function steps(low: number, high: number): number[] {
  const span = high - low || 0.01;
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => span / each <= 5) ?? 10 * power;
  const found: number[] = [];
  for (let number = Math.ceil(low / step); number * step <= high + 1e-12; number += 1) found.push(number * step);
  return found;
}

/** The lines of a comparison; `hold` names the bot whose buy and hold is drawn too. */
export function picture(found: Comparison, hold: string): Picture {
  const { first, last } = found;
  if (first === undefined || last === undefined) return { lines: [], ticks: [] };
  const [from, to] = [dayMs(first), dayMs(last)];
  const all: { name: string; kind: string; growth: Record<string, number> }[] = [
    ...(found.bots ?? []).map(({ name, growth }, index) => ({ name, kind: KINDS[index] ?? "", growth: growth ?? {} })),
    ...(found.together ?? []).map(({ name, growth }) => ({ name, kind: "together", growth: growth ?? {} })),
  ];
  const benchmark = found.bots?.find(({ name }) => name === hold)?.hold;
  if (benchmark) all.push({ name: `hold ${hold}`, kind: "benchmark", growth: benchmark });
  const values = all.flatMap(({ growth }) => Object.values(growth).map((value) => value - 1));
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const room = (high - low || 0.01) * 0.06;
  const height = (value: number): number => 1 - (value - low + room) / (high - low + 2 * room);
  const lines = all.map(({ name, kind, growth }) => {
    const points = Object.entries(growth).map(
      ([day, value]) =>
        `${(((dayMs(day) - from) / (to - from)) * WIDTH).toFixed(1)},${(height(value - 1) * HEIGHT).toFixed(1)}`,
    );
    return { name, kind, path: points.length > 1 ? `M${points.join("L")}` : "" };
  });
  return { lines, ticks: steps(low, high).map((value) => ({ value, at: height(value) })) };
}

/** The bots to compare: those that the address names, else the first few. */
export function chosen(named: string | null, bots: readonly string[]): string[] {
  if (named === null) return bots.slice(0, FEW);
  const known = new Set(bots);
  return named
    .split(",")
    .filter((bot, at, all) => known.has(bot) && all.indexOf(bot) === at)
    .slice(0, MOST);
}

/** Where the two sides of a correlation meet, whichever is named first; undefined for a bot and itself. */
export function pairOf(found: Comparison, one: string, other: string) {
  return found.pairs?.find(
    (pair) => (pair.one === one && pair.other === other) || (pair.one === other && pair.other === one),
  );
}

/** The bots that are not shown, by why. */
export function reasons(missing: Readonly<Record<string, string>>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [bot, why] of Object.entries(missing)) found.set(why, [...(found.get(why) ?? []), bot]);
  return found;
}

/** What a row of the table says of how long a bot is known. */
export function knownSince(line: Line, found: Comparison): string {
  return line.first === found.first ? "" : `known since ${line.first}`;
}
