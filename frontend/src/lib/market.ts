/** The bots' clock: how market time and wall time go together. Pure; times in milliseconds. */

import type { ClockState, Session } from "../api/schema";
import { age } from "./age";
import { byName } from "./order";
import { instant } from "./time";

/** Market time of the bots, ms: it advances by bars delivered, so it is what the newest write says and no guess. */
export function marketNow(clock: ClockState | undefined): number | undefined {
  return instant(clock?.market_time);
}

/** True when a wall second is not a market second, so that both times have to be written. */
export function isScaled(clock: ClockState | undefined): boolean {
  return clock !== undefined && clock.real_time !== true && (clock.speed ?? 1) !== 1;
}

/** `x60`. */
export function speedText(clock: ClockState): string {
  const speed = clock.speed ?? 1;
  return `x${Number.isInteger(speed) ? speed : speed.toFixed(1)}`;
}

/** Milliseconds of `from`..`to` in which at least one of `sessions` is in session, lunch included. */
export function openSpan(from: number, to: number, sessions: readonly Session[]): number {
  const spans = sessions
    .map((session) => [instant(session.opens_at), instant(session.closes_at)] as const)
    .filter((span): span is readonly [number, number] => span[0] !== undefined && span[1] !== undefined)
    .map(([opens, closes]) => [Math.max(from, opens), Math.min(to, closes)] as const)
    .filter(([start, end]) => end > start)
    .sort((a, b) => a[0] - b[0]);
  let total = 0;
  let reached = from;
  for (const [start, end] of spans) {
    total += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return total;
}

/**
 * Wall time that a scaled clock takes from its present time to market time `to`: open hours at its speed, closed
 * hours in no time worth naming. Undefined for a clock that is not scaled or stands still.
 */
export function wallSpan(to: number, clock: ClockState | undefined, sessions: readonly Session[]): number | undefined {
  const now = marketNow(clock);
  if (!clock || now === undefined || !isScaled(clock) || !(clock.speed && clock.speed > 0)) return undefined;
  if (clock.state === "paused" || clock.state === "finished") return undefined;
  return openSpan(now, to, sessions) / clock.speed;
}

/** `5 min 28 s at x60`, with `about` where closed hours lie between; empty for a clock that is not scaled. */
export function wallText(to: number, clock: ClockState | undefined, sessions: readonly Session[]): string {
  const now = marketNow(clock);
  const span = wallSpan(to, clock, sessions);
  if (!clock || now === undefined || span === undefined || to <= now) return "";
  const whole = Math.abs(span * (clock.speed ?? 1) - (to - now)) < 1;
  return `${whole ? "" : "about "}${age(Math.round(span / 1000) * 1000)} at ${speedText(clock)}`;
}

export interface SessionGroup {
  codes: string[];
  session: Session;
}

/** Exchanges that share a city and hours (XNAS and XNYS) as one, in order of their opening time of day. */
export function groupSessions(sessions: Record<string, Session> | undefined): SessionGroup[] {
  const groups = new Map<string, SessionGroup>();
  for (const [code, session] of Object.entries(sessions ?? {}).sort(([a], [b]) => byName(a, b))) {
    const key = [session.name, session.timezone, session.state, session.opens_at, session.closes_at].join("|");
    const group = groups.get(key);
    if (group) group.codes.push(code);
    else groups.set(key, { codes: [code], session });
  }
  const ofDay = (session: Session): number => (instant(session.opens_at) ?? 0) % 86_400_000;
  return [...groups.values()].sort((a, b) => ofDay(a.session) - ofDay(b.session));
}
