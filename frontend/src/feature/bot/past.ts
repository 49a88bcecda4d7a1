/** Moments of a recorded day: which state stands at one, what is not known, and how playing moves on. Pure. */

export interface Place {
  /** UTC day; undefined for the newest. */
  day?: string;
  /** Milliseconds since the day began; undefined for its last moment. */
  ms?: number;
}

export interface Hole {
  start: number;
  end: number;
  why: string;
}

export const SPEEDS = [1, 10, 60, 300] as const;
export const NEWEST = "newest";
const DAY_MS = 86_400_000;
const MOMENT = /^(\d{4}-\d\d-\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,3})?)?Z)?$/;

/** The place that an address names, as `2026-11-30T14:03:20Z`; undefined for what is no moment. */
export function placeOf(text: string): Place | undefined {
  if (text === NEWEST) return {};
  const [, day, hours, minutes, seconds = "0", part = "0"] = MOMENT.exec(text) ?? [];
  if (day === undefined || Number.isNaN(Date.parse(`${day}T00:00:00Z`))) return undefined;
  if (new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day) return undefined;
  if (hours === undefined) return { day };
  const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000 + Math.round(Number(part) * 1000);
  return Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60 ? { day, ms } : undefined;
}

/** The moment as an address has it: `2026-11-30T14:03:20Z`. */
export function placeText(day: string, ms: number): string {
  const text = new Date(Date.parse(`${day}T00:00:00Z`) + Math.min(ms, DAY_MS - 1)).toISOString();
  return text.replace(".000Z", "Z");
}

/** `14:03:20` of a moment of a UTC day. */
export function clockOf(ms: number): string {
  return new Date(Math.min(ms, DAY_MS - 1)).toISOString().slice(11, 19);
}

/** Index of the state that stands at `ms`, -1 before the first. */
export function indexAt(moments: readonly number[], ms: number): number {
  let from = 0;
  let to = moments.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((moments[middle] as number) <= ms) from = middle + 1;
    else to = middle;
  }
  return from - 1;
}

/** The hole that `ms` lies in, where no state was recorded since it began. */
export function holeAt(holes: readonly Hole[], moments: readonly number[], ms: number): Hole | undefined {
  const since = moments[indexAt(moments, ms)] ?? Number.NEGATIVE_INFINITY;
  return holes.find(({ start, end }) => start < ms && ms < end && since <= start);
}

/** The moment of the next state, or of the one before; `ms` itself where there is none. */
export function stepped(moments: readonly number[], ms: number, way: 1 | -1): number {
  const index = indexAt(moments, ms);
  if (way === 1) return moments[index + 1] ?? ms;
  return moments[moments[index] === ms ? index - 1 : index] ?? ms;
}

/** Where playing comes to after `passed` milliseconds; a hole is passed at once. */
export function played(
  { holes, moments, last }: { holes: readonly Hole[]; moments: readonly number[]; last: number },
  ms: number,
  passed: number,
  speed: number,
): number {
  const next = Math.min(last, ms + passed * speed);
  return Math.min(last, holeAt(holes, moments, next)?.end ?? next);
}
