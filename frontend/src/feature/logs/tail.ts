/** Log lines as they come: merged without doubles, gaps noticed, bounded. Pure. */

import type { LogEntry, LogTail } from "../../api/schema";

export interface Tail {
  /** In order of time, newest last. */
  lines: LogEntry[];
  /** Where the newest known line of each file ends. */
  ends: Record<string, { inode: string; to: number }>;
  errors: LogTail["errors"];
}

export const EMPTY_TAIL: Tail = { lines: [], ends: {}, errors: {} };
export const MOST_LINES = 2000;

/** Names a line for good. */
export function keyOf(entry: LogEntry, ends: Tail["ends"]): string {
  return `${entry.file} ${ends[entry.file]?.inode ?? ""} ${entry.offset}`;
}

/** Files of which `push` begins behind what `tail` knows: what lies between has to be fetched, as `after=` asks. */
export function gaps(tail: Tail, push: LogTail): string[] {
  return Object.entries(push.parts ?? {})
    .filter(([file, part]) => {
      const end = tail.ends[file];
      return end !== undefined && end.inode === part.inode && part.from > end.to;
    })
    .map(([file]) => `${file}:${tail.ends[file]?.to ?? 0}`);
}

/** `tail` with the lines of `more` that it does not have yet, at most `most` of the newest. */
export function append(tail: Tail, more: LogTail, most = MOST_LINES): Tail {
  const ends = { ...tail.ends };
  const known = new Set(tail.lines.map((line) => keyOf(line, tail.ends)));
  for (const [file, part] of Object.entries(more.parts ?? {})) {
    const before = ends[file];
    const rotated = before !== undefined && before.inode !== part.inode;
    ends[file] = { inode: part.inode, to: rotated ? part.to : Math.max(before?.to ?? 0, part.to) };
  }
  const fresh = (more.lines ?? []).filter((line) => !known.has(keyOf(line, ends)));
  const errors = more.errors ?? {};
  if (fresh.length === 0) return { lines: tail.lines, ends, errors };
  const lines = [...tail.lines, ...fresh];
  lines.sort((a, b) => (a.ts ?? "").localeCompare(b.ts ?? "")); // stable: equal times keep the order of their file
  return { lines: lines.slice(-most), ends, errors };
}

export const LEVELS = ["debug", "info", "warning", "error", "critical"] as const;
export type Level = (typeof LEVELS)[number];

export interface Filter {
  /** Least level shown. */
  level: Level;
  /** Bot, or empty for all. */
  bot: string;
  /** Words that a line must hold. */
  text: string;
}

/** Everything of a line that a text filter looks at. */
export function lineText(entry: LogEntry): string {
  const more = Object.entries(entry.more ?? {}).map(([name, value]) => `${name}=${value}`);
  return [entry.process ?? entry.file, entry.bot, entry.event, entry.cycle_id, ...more].filter(Boolean).join(" ");
}

/** Lines that pass `filter`; a line without a level counts as info. */
export function filterLines(lines: readonly LogEntry[], filter: Filter): LogEntry[] {
  const least = LEVELS.indexOf(filter.level);
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return lines.filter((line) => {
    const level = LEVELS.indexOf((line.level ?? "info") as Level);
    if ((level < 0 ? 1 : level) < least) return false;
    if (filter.bot && line.bot !== filter.bot) return false;
    if (words.length === 0) return true;
    const text = lineText(line).toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Bots that appear in `lines`, in order. */
export function botsIn(lines: readonly LogEntry[]): string[] {
  return [...new Set(lines.map((line) => line.bot).filter((bot): bot is string => Boolean(bot)))].sort();
}
