/** As of when the desk is known to hold all that a source wrote, where another machine feeds its disk. */

import type { LinkStatus } from "../live";

/** The data folder as a whole, as a source. */
export const OWN = "data";

export interface Proof {
  /** This page's time as of which all was there, ms; undefined where it was never proved. */
  at?: number;
  /** True when that is too long ago: what the source wrote is held data. */
  isHeld: boolean;
}

export type Proved = Pick<LinkStatus, "proved" | "provedAt"> & { state: string };

/** The proofs by source at `now`, this page's time; none where the desk's disk is its own source. */
export function proofsOf({ state, proved = "", provedAt = 0 }: Proved, now: number): Map<string, Proof> {
  const found = new Map<string, Proof>();
  for (const [, name = "", age = "", limit] of proved.matchAll(/([\w-]+)=(\?0|[\d.]+);limit=([\d.]+)/g)) {
    const at = provedAt - Number(age) * 1000; // NaN of one that was never proved
    // a stream tells every second; between two polls the link itself may lapse
    const seen = state === "streaming" ? now : provedAt;
    const isHeld = !(seen - at <= Number(limit) * 1000);
    found.set(name, Number.isNaN(at) ? { isHeld } : { at, isHeld });
  }
  return found;
}

/** The sources that are held at `now`, by name. */
export function heldNow(link: Proved, now: number): string[] {
  return [...proofsOf(link, now)].flatMap(([name, { isHeld }]) => (isHeld ? name : []));
}
