/** The states of all cards, drawn again only when one of them changes: being late is a matter of time, not of data. */

import { useMemo, useRef } from "preact/hooks";
import type { BotsPageBundle, BotView } from "../api/schema";
import { byName } from "../lib/order";
import { OWN, type Proof, proofsOf } from "../lib/proof";
import { onDesk, useTicking, wallNow } from "../lib/ticker";
import { getConnection, pageNow } from "../live";
import { type CardState, cardState, problemOf } from "./state";

/** Bots of a bundle in the order of the page: by currency, largest desk first, then intraday before swing, then name. */
export function botsOf(bundle: BotsPageBundle): BotView[] {
  const bots = [...Object.values(bundle.intraday.bots ?? {}), ...Object.values(bundle.swing.bots ?? {})];
  const weight = new Map<string, number>();
  for (const bot of bots) weight.set(bot.currency, (weight.get(bot.currency) ?? 0) + 1);
  return bots.sort(
    (a, b) =>
      (weight.get(b.currency) ?? 0) - (weight.get(a.currency) ?? 0) ||
      byName(a.currency, b.currency) ||
      byName(a.kind, b.kind) ||
      byName(a.bot, b.bot),
  );
}

/** State of each bot at wall time `now`. */
export function statesOf(
  bundle: BotsPageBundle,
  bots: readonly BotView[],
  cached: boolean,
  now: number,
  proofs: Map<string, Proof> = new Map(),
): Map<string, CardState> {
  return new Map(
    bots.map((bot) => [
      bot.bot,
      cardState(bot, {
        clock: bundle.clock,
        session: bot.exchange ? bundle.sessions?.[bot.exchange] : undefined,
        problem: problemOf(bundle.errors, bot),
        all: bundle.asked,
        now,
        cached,
        heldSince: heldSince(proofs),
      }),
    ]),
  );
}

/** Wall time as of which the machine of a bot was last heard of, NaN if never; undefined unless it is held. */
function heldSince(proofs: Map<string, Proof>): number | undefined {
  const proof = proofs.get(OWN);
  return proof?.isHeld ? onDesk(proof.at ?? Number.NaN) : undefined;
}

const proofsNow = (): Map<string, Proof> => proofsOf(getConnection().status, pageNow());

/** State of each bot now; the same objects until a state changes. */
export function useStates(bundle: BotsPageBundle, bots: readonly BotView[], cached: boolean): Map<string, CardState> {
  const key = useTicking((now) =>
    [...statesOf(bundle, bots, cached, now, proofsNow()).values()]
      .map((state) => [state.kind, state.word, state.pending?.isOverdue, state.pending?.left].join(" "))
      .join(),
  );
  const kept = useRef(new Map<string, CardState>());
  return useMemo(() => {
    const fresh = key === undefined ? kept.current : statesOf(bundle, bots, cached, wallNow(), proofsNow());
    for (const [name, state] of fresh) {
      const before = kept.current.get(name);
      if (before && isSame(before, state)) fresh.set(name, before);
    }
    kept.current = fresh;
    return fresh;
  }, [key, bundle, bots, cached]);
}

function isSame(a: CardState, b: CardState): boolean {
  return (
    a.kind === b.kind &&
    a.word === b.word &&
    a.since === b.since &&
    a.problem === b.problem &&
    a.held === b.held &&
    a.pending?.at === b.pending?.at &&
    a.pending?.isOverdue === b.pending?.isOverdue &&
    a.pending?.left === b.pending?.left
  );
}
