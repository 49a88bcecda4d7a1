/** What share of the time since the page was loaded its link was a stream. */

export interface Uptime {
  /** State now, and since when (wall time, ms). */
  state: string;
  since: number;
  startedAt: number;
  /** Milliseconds in the state that counts, without the present spell. */
  before: number;
}

/** `uptime` after the link changed to `state` at `now`. */
export function changed(uptime: Uptime, state: string, now: number, counts = "streaming"): Uptime {
  if (state === uptime.state) return uptime;
  const spell = uptime.state === counts ? now - uptime.since : 0;
  return { ...uptime, state, since: now, before: uptime.before + spell };
}

/** Fraction 0..1 of the time up to `now`; 0 at its very start. */
export function share(uptime: Uptime, now: number, counts = "streaming"): number {
  const total = now - uptime.startedAt;
  const spell = uptime.state === counts ? now - uptime.since : 0;
  return total > 0 ? Math.min(1, (uptime.before + spell) / total) : 0;
}
