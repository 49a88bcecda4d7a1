/** The states of all bots, sought again only when one of them may change: being late is a matter of time, not of data. */

import { useMemo, useRef } from "preact/hooks";
import type { Asked, ClockState, MachineLine, Session } from "../api/schema";
import { type Bot, keyOf } from "../lib/bot";
import { type Held, heldBots } from "../lib/proof";
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
  /** Machines other than the desk's own: their bots go by their clocks and by what is asked of all of them. */
  machines?: Record<string, MachineLine> | undefined;
  /** Which bots are held. */
  held?: Held | undefined;
}

/** What holds for a bot: of the desk, or of its machine. */
function aroundOf({ machine }: Bot, { clock, asked, machines }: Around): Pick<Around, "clock" | "asked"> {
  return (machine === undefined ? undefined : machines?.[machine]) ?? { clock, asked };
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
function turnsOf(bot: Bot, around: Around): number[] {
  const { clock, asked } = aroundOf(bot, around);
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
    const { held } = around;
    const all = [around.clock?.state, around.asked, cached, held?.text, machinesText(around)];
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
      const { clock, asked: all } = aroundOf(bot, around);
      const since = held?.since(bot.machine);
      const heldSince = since === undefined ? undefined : onDesk(since);
      const found = cardState(bot, { clock, session, problem: ownProblem(bot), all, now, cached, heldSince });
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
  const { clock, sessions, asked, machines } = around;
  const others = machinesText(around);
  // biome-ignore lint/correctness/useExhaustiveDependencies: of the clock only its state turns anything
  const turns = useMemo(
    () => Float64Array.from(bots.flatMap((bot) => turnsOf(bot, { clock, asked, machines }))).sort(),
    [bots, clock?.state, asked, others],
  );
  const passed = useTicking((now) => `${countBefore(turns, now)} ${heldText()}`);
  const make = useRef<ReturnType<typeof makeStates>>();
  make.current ??= makeStates();
  const find = make.current;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a turn that has passed is a state to be sought again
  return useMemo(
    () => find(bots, { clock, sessions, asked, machines, held: heldNow() }, cached, wallNow()),
    [find, bots, clock, sessions, asked, others, cached, passed],
  );
}

const heldNow = (): Held => heldBots(getConnection().status, pageNow());

/** What is held, without the seconds of what is not. */
const heldText = (): string => heldNow().text;

/** The same as long as the clocks of other machines, and what is asked of all their bots, are the same. */
function machinesText({ machines }: Around): string {
  return Object.entries(machines ?? {})
    .map(([name, { clock, asked }]) => `${name} ${clock?.state} ${JSON.stringify(asked)}`)
    .join();
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
