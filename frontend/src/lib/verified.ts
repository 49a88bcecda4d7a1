/** For how long what the link last verified may be shown as it is: after that it is held data with an age. */

import { OWN, type Proved, proofsOf } from "./proof";

/** Two heartbeats and a bit: a stream that is silent for longer verifies nothing. */
const STREAM_MS = 40_000;
/** Beyond two polls: one may fail without anything being wrong. */
const POLL_GRACE_MS = 2000;

interface Verified extends Proved {
  /** Milliseconds between two polls. */
  pollEvery: number;
  /** When data was last verified against the desk, ms of this page's time. */
  verifiedAt?: number;
}

/** Milliseconds since the last verification within which the link may be called good. */
export function verifiedWithin({ state, pollEvery }: Pick<Verified, "state" | "pollEvery">): number {
  if (state === "offline") return 0;
  return state === "polling" ? 2 * pollEvery + POLL_GRACE_MS : STREAM_MS;
}

/** When what is shown was last verified: by the link, and by each machine that is not held. */
export function verifiedAt(link: Verified, now: number): number | undefined {
  const proved = [...proofsOf(link, now).values()].filter(({ isHeld }) => !isHeld);
  return link.verifiedAt && Math.min(link.verifiedAt, ...proved.map(({ at = now }) => at));
}

/**
 * When what is shown was last verified, once that is too long ago at `now`, NaN if unknown; undefined while it is good.
 */
export function lapsedSince(link: Verified, now: number): number | undefined {
  const { verifiedAt } = link;
  const own = proofsOf(link, now).get(OWN);
  if (own?.isHeld) return own.at ?? Number.NaN;
  if (verifiedAt === undefined || now - verifiedAt <= verifiedWithin(link)) return undefined;
  return verifiedAt;
}
