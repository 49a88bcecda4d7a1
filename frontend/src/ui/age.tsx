/** Texts that tick: each draws again when its last digit changes, and only then. */

import { age, brief, due } from "../lib/age";
import { onDesk, useTicking } from "../lib/ticker";

interface Since {
  /** The desk's wall time, ms. */
  at: number;
  /** True for what this page did: `at` is then of the page's own time (`pageNow`). */
  isOwn?: boolean;
}

/** `0.4 s ago` since `at`. */
export function Ago({ at, isOwn }: Since) {
  return <>{useTicking((now) => `${age(now - (isOwn ? onDesk(at) : at))} ago`)}</>;
}

/** `0.4 s` since `at`. */
export function Age({ at, isOwn }: Since) {
  return <>{useTicking((now) => age(now - (isOwn ? onDesk(at) : at)))}</>;
}

/** `13 min` since `at`: one unit. */
export function Brief({ at }: { at: number }) {
  return <>{useTicking((now) => brief(now - at))}</>;
}

/** `in 58 s`, then `overdue 6.2 s`. */
export function Due({ at }: { at: number }) {
  return <>{useTicking((now) => due(at - now))}</>;
}

/** `in 24 s`, then nothing more: for what nobody owes, such as the next run. */
export function Countdown({ at }: { at: number }) {
  return <>{useTicking((now) => `in ${brief(Math.max(0, at - now))}`)}</>;
}
