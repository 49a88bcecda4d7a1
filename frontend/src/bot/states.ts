/** The states of all bots, sought again only when one of them may change: being late is a matter of time, not of data. */

import { useMemo, useRef } from "preact/hooks";
import type { Asked, ClockState, Session } from "../api/schema";
import { type Bot, keyOf } from "../lib/bot";
import { OWN, proofsOf } from "../lib/proof";
import { onDesk, useTicking, wallNow } from "../lib/ticker";
import { instant } from "../lib/time";
import { getConnection, pageNow } from "../live";
import { killOf } from "./asked";
import { type CardState, cardState, dueAt, ownProblem } from "./state";

/** What the states depend on beside the bots. */
export interface Around {
  clock?: ClockState | undefined;
  sessions?: Record<string, Session> | undefined;
  /** What is asked of all bots. */
  asked?: Asked | undefined;
  /** Wall time as of which the bots' machine was last heard of, NaN if never; undefined unless it is held. */
  heldSince?: number | undefined;
}

/** State of each bot by its key (`keyOf`). */
export type States = ReadonlyMap<string, CardState>;

interface Known {
  state: CardState;
  bot: Bot;
  session: Session | undefined;
  /** Wall time of the next turn: its state stands until then. */
  until: number;
}

const found = new WeakMap<Bot, { clock: string | undefined; asked: Asked | undefined; turns: number[] }>();

/** Wall times after which the state of `bot` may be another without any new data. */
function turnsOf(bot: Bot, { clock, asked }: Around): number[] {
  const before = found.get(bot);
  if (before && before.clock === clock?.state && before.asked === asked) return before.turns;
  const all = [dueAt(bot, clock), instant(bot.asked?.request?.due_at), instant(killOf(bot, asked)?.kill.due_at)];
  const turns = all.filter((at) => at !== undefined);
  found.set(bot, { clock: clock?.state, asked, turns });
  return turns;
}

/** Return what gives the states of `bots` at wall time `now`: those that are as before are the same objects. */
export function makeStates(): (bots: readonly Bot[], around: Around, cached: boolean, now: number) => States {
  let known = new Map<string, Known>();
  let states: States = new Map();
  let before: unknown[] = [];

  return (bots, around, cached, now) => {
    const { clock, asked, heldSince } = around;
    const all = [clock?.state, asked, cached, heldSince];
    const isSame = all.every((each, at) => Object.is(each, before[at]));
    before = all;
    const next = new Map<string, Known>();
    let isStill = bots.length === known.size;
    for (const bot of bots) {
      const key = keyOf(bot);
      const was = known.get(key);
      const session = bot.exchange ? around.sessions?.[bot.exchange] : undefined;
      if (was && isSame && was.bot === bot && was.session === session && now <= was.until) {
        next.set(key, was);
        continue;
      }
      const found = cardState(bot, { clock, session, problem: ownProblem(bot), all: asked, now, cached, heldSince });
      const state = was && isEqual(was.state, found) ? was.state : found;
      isStill &&= was?.state === state;
      const until = Math.min(...turnsOf(bot, around).filter((at) => at >= now));
      next.set(key, { state, bot, session, until });
    }
    known = next;
    if (!isStill) states = new Map([...next].map(([key, { state }]) => [key, state]));
    return states;
  };
}

/** State of each bot now; the same map until a state changes. */
export function useStates(bots: readonly Bot[], around: Around, cached: boolean): States {
  const { clock, sessions, asked } = around;
  // biome-ignore lint/correctness/useExhaustiveDependencies: of the clock only its state turns anything
  const turns = useMemo(
    () => Float64Array.from(bots.flatMap((bot) => turnsOf(bot, { clock, asked }))).sort(),
    [bots, clock?.state, asked],
  );
  const passed = useTicking((now) => `${countBefore(turns, now)} ${heldSince() !== undefined}`);
  const make = useRef<ReturnType<typeof makeStates>>();
  make.current ??= makeStates();
  const find = make.current;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a turn that has passed is a state to be sought again
  return useMemo(
    () => find(bots, { clock, sessions, asked, heldSince: heldSince() }, cached, wallNow()),
    [find, bots, clock, sessions, asked, cached, passed],
  );
}

/** What `Around.heldSince` is now, to the second. */
function heldSince(): number | undefined {
  const proof = proofsOf(getConnection().status, pageNow()).get(OWN);
  return proof?.isHeld ? onDesk(Math.round((proof.at ?? Number.NaN) / 1000) * 1000) : undefined;
}

/** How many of the sorted `times` are before `now`. */
function countBefore(times: Float64Array, now: number): number {
  let from = 0;
  let to = times.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((times[middle] as number) < now) from = middle + 1;
    else to = middle;
  }
  return from;
}

function isEqual(a: CardState, b: CardState): boolean {
  return (
    a.kind === b.kind &&
    a.word === b.word &&
    a.since === b.since &&
    a.held === b.held &&
    a.attention === b.attention &&
    a.problem?.kind === b.problem?.kind &&
    a.problem?.reason === b.problem?.reason &&
    a.problem?.file_time === b.problem?.file_time &&
    a.pending?.at === b.pending?.at &&
    a.pending?.what === b.pending?.what &&
    a.pending?.isOverdue === b.pending?.isOverdue &&
    a.pending?.left === b.pending?.left
  );
}
