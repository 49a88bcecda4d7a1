/** Durations as text, and how often each has to be drawn again. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Two clocks that differ by less than this are one. */
const APART_MS = 5000;

const two = (value: number): string => String(value).padStart(2, "0");

/**
 * `0.4 s` below 10 s, `42 s`, `13 min 02 s`, `5 h 28 min`, `3 d 4 h`; rounded down, so that an age is never shown
 * older than it is. A little less than none counts as none; much less, or no number, is an age that nobody knows: two
 * clocks do not agree.
 */
export function age(ms: number): string {
  if (!(ms > -APART_MS)) return "an unknown time";
  const left = Math.max(0, ms);
  if (left < 10 * SECOND) return `${(Math.floor(left / 100) / 10).toFixed(1)} s`;
  if (left < MINUTE) return `${Math.floor(left / SECOND)} s`;
  if (left < HOUR) return `${Math.floor(left / MINUTE)} min ${two(Math.floor((left % MINUTE) / SECOND))} s`;
  return coarse(left);
}

/** As `age` for what moves in whole minutes: `0 min`, `58 min`, `10 h 58 min`, `3 d 4 h`. */
export function coarse(ms: number): string {
  const left = Math.max(0, ms);
  if (left < HOUR) return `${Math.floor(left / MINUTE)} min`;
  if (left < DAY) return `${Math.floor(left / HOUR)} h ${two(Math.floor((left % HOUR) / MINUTE))} min`;
  return `${Math.floor(left / DAY)} d ${Math.floor((left % DAY) / HOUR)} h`;
}

/** The leading unit only, for chips: `7 s`, `13 min`, `5 h`, `3 d`. */
export function brief(ms: number): string {
  const left = Math.max(0, ms);
  if (left < MINUTE) return `${Math.floor(left / SECOND)} s`;
  if (left < HOUR) return `${Math.floor(left / MINUTE)} min`;
  if (left < DAY) return `${Math.floor(left / HOUR)} h`;
  return `${Math.floor(left / DAY)} d`;
}

/** `in 58 s` before the time, `overdue 6.2 s` after it. `ms` is what is left until it. */
export function due(ms: number): string {
  return ms >= 0 ? `in ${age(ms)}` : `overdue ${age(-ms)}`;
}

/** Milliseconds after which the text of `age(ms)` can differ: the rate of its last digit. */
export function tickOf(ms: number): number {
  const left = Math.abs(ms);
  if (left < 10 * SECOND) return 100;
  if (left < HOUR) return SECOND;
  return left < DAY ? 10 * SECOND : MINUTE;
}
