/** What of the log is shown: kept in the address, asked of the desk, and applied to what streams in. Pure. */

import type { LogEntry } from "../../api/schema";
import { instant } from "../../lib/time";

export const LEVELS = ["debug", "info", "warning", "error", "critical"] as const;
export type Level = (typeof LEVELS)[number];

export interface Filter {
  /** Whose logs: another machine, or empty for the desk's. */
  machine: string;
  /** Least level shown. */
  level: Level;
  /** Bot, or empty for all. */
  bot: string;
  /** Log file without `.jsonl`, or empty for all. */
  process: string;
  /** Words that a line must hold. */
  text: string;
  /** Wall time (ISO) of the first line, or empty. */
  since: string;
  /** Wall time (ISO) before which the last line lies, or empty. */
  until: string;
}

export const NO_FILTER: Filter = { machine: "", level: "info", bot: "", process: "", text: "", since: "", until: "" };

/** The filter of an address. */
export function filterOf(query: URLSearchParams): Filter {
  const level = LEVELS.find((each) => each === query.get("level")) ?? NO_FILTER.level;
  const time = (name: string): string => {
    const text = query.get(name) ?? "";
    return instant(text) === undefined ? "" : text;
  };
  return {
    machine: query.get("machine") ?? "",
    level,
    bot: query.get("bot") ?? "",
    process: query.get("process") ?? "",
    text: query.get("text") ?? "",
    since: time("since"),
    until: time("until"),
  };
}

/** `filter` as an address has it: what is as usual is left out. */
export function toQuery(filter: Filter): Record<string, string> {
  return { ...filter, level: filter.level === NO_FILTER.level ? "" : filter.level };
}

/** True when more is asked for than the level that is usual. */
export function isAsking(filter: Filter): boolean {
  return Object.values(toQuery({ ...filter, machine: "" })).some(Boolean);
}

/** What `/api/logs/search` is asked, before the places in `from`. */
export function searchUrl(filter: Filter, from: Record<string, number>, limit: number): string {
  const query = new URLSearchParams({ level: filter.level, limit: String(limit) });
  for (const name of ["machine", "bot", "process", "text", "since", "until"] as const)
    if (filter[name]) query.set(name, filter[name]);
  const before = Object.entries(from)
    .filter(([file]) => !filter.process || file === filter.process)
    .map(([file, offset]) => `${file}:${offset}`);
  if (before.length > 0) query.set("before", before.join(","));
  return `/api/logs/search?${query}`;
}

/** Everything of a line that a text filter looks at. */
export function lineText(entry: LogEntry): string {
  const more = Object.entries(entry.more ?? {}).map(([name, value]) => `${name}=${value}`);
  return [entry.process ?? entry.file, entry.bot, entry.event, entry.cycle_id, ...more].filter(Boolean).join(" ");
}

/** Lines that pass `filter`; a line without a level counts as info, one without a time is in no range. */
export function filterLines(lines: readonly LogEntry[], filter: Filter): LogEntry[] {
  const least = LEVELS.indexOf(filter.level);
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const since = instant(filter.since);
  const until = instant(filter.until);
  return lines.filter((line) => {
    const level = LEVELS.indexOf((line.level ?? "info") as Level);
    if ((level < 0 ? 1 : level) < least) return false;
    if (filter.bot && line.bot !== filter.bot) return false;
    if (filter.process && line.file !== filter.process) return false;
    if (since !== undefined || until !== undefined) {
      const at = instant(line.ts);
      if (at === undefined || at < (since ?? at) || at >= (until ?? at + 1)) return false;
    }
    if (words.length === 0) return true;
    const text = lineText(line).toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Bots that appear in `lines`, in order. */
export function botsIn(lines: readonly LogEntry[]): string[] {
  return [...new Set(lines.map((line) => line.bot).filter((bot): bot is string => Boolean(bot)))].sort();
}
