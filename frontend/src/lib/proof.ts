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

/** Which bots are held. */
export interface Held {
  /** The same text as long as the same is held as of the same second. */
  text: string;
  /** This page's time as of which a bot's machine is proved, NaN if never; undefined unless it is held. */
  since(machine?: string): number | undefined;
}

/** What is held at `now`: all of a desk that is fed itself, else the bots of machines that are not heard of. */
export function heldBots(link: Proved & Pick<LinkStatus, "verifiedAt">, now: number): Held {
  const proofs = proofsOf(link, now);
  const own = proofs.get(OWN);
  const sinceOf = (proof: Proof | undefined): number | undefined =>
    proof?.isHeld ? Math.round((proof.at ?? Number.NaN) / 1000) * 1000 : undefined;
  return {
    text: [...proofs].map(([name, proof]) => `${name} ${sinceOf(proof)}`).join(),
    since(machine) {
      const all = sinceOf(own);
      if (all !== undefined || machine === undefined) return all;
      // a machine that the desk does not name yet has proved nothing; before the link says anything, all is kept data
      return link.verifiedAt !== undefined && !proofs.has(machine) ? Number.NaN : sinceOf(proofs.get(machine));
    },
  };
}

/** What says by which machine's clock a desk goes. */
interface Led {
  machines?: Record<string, { as_of?: string }> | undefined;
  bots: readonly { machine?: string }[];
}

/** The machine by whose clock the desk goes while the one that leads it is held; an empty text for the desk's own choice. */
export function stepsIn({ machines, bots }: Led, held: Held): string {
  if (!machines || bots.some(({ machine }) => machine === undefined)) return "";
  const names = Object.keys(machines).filter((name) => machines[name]?.as_of !== undefined);
  const next = names.find((name) => held.since(name) === undefined);
  return next === undefined || next === names[0] ? "" : next;
}
