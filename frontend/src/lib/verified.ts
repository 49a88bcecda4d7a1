/** For how long what the link last verified may be shown as it is: after that it is held data with an age. */

/** Two heartbeats and a bit: a stream that is silent for longer verifies nothing. */
const STREAM_MS = 40_000;
/** Beyond two polls: one may fail without anything being wrong. */
const POLL_GRACE_MS = 2000;

interface Verified {
  state: string;
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

/** When what is shown was last verified, once that is too long ago at `now`; undefined while it is good. */
export function lapsedSince(link: Verified, now: number): number | undefined {
  const { verifiedAt } = link;
  if (verifiedAt === undefined || now - verifiedAt <= verifiedWithin(link)) return undefined;
  return verifiedAt;
}
