/** What every part of a page needs to know beside its own data: the bots' clock, the sessions, and how fresh it is. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ClockState, Session } from "../../api/schema";
import { marketNow } from "../../lib/market";

export interface Desk {
  clock?: ClockState;
  sessions: Record<string, Session>;
  /** Market time of the bots, ms. */
  market?: number;
  /** This page's time at which the shown data was kept, ms, NaN if unknown; set until it was verified. */
  keptAt?: number;
  /** True while figures change too fast to light up. */
  still: boolean;
}

export const DeskContext = createContext<Desk>({ sessions: {}, still: false });

export function useDesk(): Desk {
  return useContext(DeskContext);
}

/** Gather a `Desk` from a bundle or a snapshot. */
export function deskOf(
  data: { clock?: ClockState; sessions?: Record<string, Session> } | undefined,
  keptAt: number | undefined,
): Desk {
  const clock = data?.clock;
  return {
    clock,
    sessions: data?.sessions ?? {},
    market: marketNow(clock),
    keptAt,
    still: keptAt !== undefined || clock?.state === "catching_up" || clock?.state === "starting",
  };
}
