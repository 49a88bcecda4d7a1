/** Log lines as they come: merged without doubles, gaps noticed, bounded. Pure. */

import type { LogEntry, LogTail } from "../../api/schema";

/** The stretch of one file that is known without a hole. */
interface Stretch {
  inode: string;
  /** Byte offset of the oldest known line. */
  from: number;
  /** Byte offset behind the newest. */
  to: number;
}

export interface Tail {
  /** In order of time, newest last. */
  lines: LogEntry[];
  /** By file. */
  known: Record<string, Stretch>;
  /** Grows when lines were dropped, so that what was found before them no longer joins on. */
  era: number;
  errors: LogTail["errors"];
}

export const EMPTY_TAIL: Tail = { lines: [], known: {}, era: 0, errors: {} };
/** Lines kept; a quarter goes at once when there are more, so that the list is not cut at every push. */
export const MOST_LINES = 20_000;

/** Names a line for good, among the lines of one inode. */
export function keyOf(entry: LogEntry): string {
  return `${entry.file} ${entry.offset}`;
}

/** Files of which `push` begins behind what `tail` knows: what lies between has to be fetched, as `after=` asks. */
export function gaps(tail: Tail, push: LogTail): string[] {
  return Object.entries(push.parts ?? {})
    .filter(([file, part]) => {
      const known = tail.known[file];
      return known !== undefined && known.inode === part.inode && part.from > known.to;
    })
    .map(([file]) => `${file}:${tail.known[file]?.to ?? 0}`);
}

/** `lines` and `fresh` as one list in order of time; a line without one keeps its place in its file. */
export function merge(lines: LogEntry[], fresh: LogEntry[]): LogEntry[] {
  const joined = [...lines, ...fresh];
  const isBehind = (line: LogEntry, index: number): boolean =>
    (line.ts ?? "~") < (joined[lines.length + index - 1]?.ts ?? "");
  if (!fresh.some(isBehind)) return joined;
  const newest = new Map<string, string>(); // time by file: one that has none takes that of the line before it
  const timed = joined.map((line) => {
    const at = line.ts ?? newest.get(line.file) ?? "";
    newest.set(line.file, at);
    return { at, line };
  });
  // stable: equal times keep the order of their file
  return timed.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).map(({ line }) => line);
}

/**
 * `tail` with the lines of `more` that it does not have yet. A file that was rotated, or that goes on behind a hole,
 * begins anew: no list with a hole looks like one without.
 */
export function append(tail: Tail, more: LogTail, most = MOST_LINES): Tail {
  const known = { ...tail.known };
  const begun = new Set<string>();
  const isFresh = (line: LogEntry): boolean => {
    const had = tail.known[line.file];
    return begun.has(line.file) || had === undefined || line.offset < had.from || line.offset >= had.to;
  };
  for (const [file, part] of Object.entries(more.parts ?? {})) {
    const had = known[file];
    if (had?.inode === part.inode && part.from <= had.to && part.to >= had.from) {
      known[file] = { inode: part.inode, from: Math.min(had.from, part.from), to: Math.max(had.to, part.to) };
    } else if (had === undefined || had.inode !== part.inode || part.from > had.to) {
      begun.add(file);
      known[file] = { inode: part.inode, from: part.from, to: part.to };
    }
  }
  const fresh = (more.lines ?? []).filter((line) => known[line.file] && isFresh(line));
  // the end of a file that had no line end is there as a whole line, or once more, longer
  const isReplaced = ({ file, offset, unfinished }: LogEntry): boolean =>
    unfinished === true &&
    ((more.parts?.[file]?.to ?? 0) > offset || fresh.some((line) => line.file === file && line.offset === offset));
  const isDropped = (line: LogEntry): boolean => begun.has(line.file) || isReplaced(line);
  const kept = tail.lines.some(isDropped) ? tail.lines.filter((line) => !isDropped(line)) : tail.lines;
  const rest = { known, era: tail.era + (begun.size > 0 && kept !== tail.lines ? 1 : 0), errors: more.errors ?? {} };
  if (fresh.length === 0) return { ...rest, lines: kept.length === tail.lines.length ? tail.lines : kept };
  return cut({ ...rest, lines: merge(kept, fresh) }, most);
}

/** `tail` without its oldest quarter where it has more than `most` lines. */
function cut(tail: Tail, most: number): Tail {
  if (tail.lines.length <= most) return tail;
  const lines = tail.lines.slice(-Math.ceil(most * 0.75));
  const known = { ...tail.known };
  for (const [file, stretch] of Object.entries(known)) {
    const oldest = lines.find((line) => line.file === file)?.offset ?? stretch.to;
    known[file] = { ...stretch, from: Math.max(stretch.from, oldest) };
  }
  return { ...tail, lines, known, era: tail.era + 1 };
}
