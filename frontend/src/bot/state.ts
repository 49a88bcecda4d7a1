/** Which one of its states a bot's card is in, and the words for it. Pure: all times are given. */

import type { Asked, ClockState, Problem, Session } from "../api/schema";
import { age, brief } from "../lib/age";
import type { Bot } from "../lib/bot";
import type { Roster } from "../lib/roster";
import { instant } from "../lib/time";
import { type Pending, pendingOf } from "./asked";

/** Problems of a file that is shown all the same, and their words. */
export const PARTLY: ReadonlyMap<Problem["kind"], string> = new Map([
  ["left_out", "partly read"],
  ["same_name", "same name"],
  ["not_booked", "not booked"],
]);

export type CardKind =
  | "unreadable"
  | "held"
  | "partial"
  | "claimed"
  | "incomplete"
  | "late"
  | "failed"
  | "asked"
  | "unanswered"
  | "paused"
  | "catching"
  | "cached"
  | "finished"
  | "closed"
  | "ok";

export interface CardState {
  kind: CardKind;
  /** Word of the chip without what ticks, e.g. `late`. */
  word: string;
  /** Wall time from which the chip counts, where it does. */
  since?: number;
  /** What the card is held by. */
  problem?: Problem;
  /** What was asked and is not done, whatever the state. */
  pending?: Pending;
  /** True when the values are from an older cycle, mark or fetch: dotted underline, open ring on the curve. */
  held: boolean;
  /** True when the data needs a look: amber, and an item of the attention line. */
  attention: boolean;
}

export interface Surroundings {
  clock?: ClockState;
  session?: Session;
  problem?: Problem;
  /** What is asked of all bots. */
  all?: Asked;
  /** Wall time of the desk, ms. */
  now: number;
  /** True until the data on the page was verified against the desk. */
  cached: boolean;
  /** Wall time as of which its machine was last heard of, NaN if never; set while that is too long ago. */
  heldSince?: number;
}

/** The worst of the problems of one bot, and what is left out of its file with it. */
export function worstOf(problems: readonly Problem[]): Problem | undefined {
  const of = (isOf: (kind: Problem["kind"]) => boolean) => problems.find(({ kind }) => isOf(kind));
  const whole = of((kind) => PARTLY.has(kind));
  const worst =
    of((kind) => kind !== "incomplete" && !PARTLY.has(kind)) ?? of((kind) => kind === "incomplete") ?? whole;
  return worst && whole && worst !== whole ? { ...worst, reason: `${worst.reason}; ${whole.reason}` } : worst;
}

/** The problem of one bot among those of a page, filed under its section or naming it. */
export function problemOf(errors: Record<string, Problem> | undefined, bot: Bot): Problem | undefined {
  return worstOf(
    Object.entries(errors ?? {})
      .filter(([key, problem]) => problem.bot === bot.bot || key === `${bot.kind}.${bot.bot}`)
      .map(([, problem]) => problem),
  );
}

/** The problem that a bot carries itself; a broken request spoils no figure of its bot. */
export function ownProblem({ errors }: Bot): Problem | undefined {
  const found = Object.entries(errors ?? {}).filter(([key]) => !key.startsWith("control."));
  return worstOf(found.map(([, problem]) => problem));
}

/** The problems that no bot on the page owns, such as a broken `rolling.json.gz`, and broken requests. */
export function sectionProblems({
  errors,
  unread,
  bots,
}: Pick<Roster, "errors" | "unread" | "bots">): [string, Problem][] {
  const found = new Map(Object.entries(errors ?? {}));
  for (const of of Object.values(unread ?? {}))
    for (const [key, problem] of Object.entries(of.errors)) found.set(key, problem);
  for (const bot of bots)
    for (const [key, problem] of Object.entries(bot.errors ?? {}))
      if (key.startsWith("control.")) found.set(key, problem);
  return [...found];
}

/** Wall time from which a bot is late; undefined when it has no schedule or none applies now. */
export function dueAt(bot: Bot, clock: ClockState | undefined): number | undefined {
  if (bot.finished) return undefined;
  // A desk that stands still asks nothing of its own bots; a foreign bot keeps its own schedule.
  if (!bot.foreign && (clock?.state === "paused" || clock?.state === "finished")) return undefined;
  return instant(bot.due_at);
}

/** One card, one state: the first that applies, in the order of what the viewer has to know first. */
export function cardState(bot: Bot, around: Surroundings): CardState {
  const pending = around.cached ? undefined : pendingOf(bot, around.all, around.now);
  const partly = around.problem && PARTLY.has(around.problem.kind) ? around.problem : undefined;
  let state = firstState(bot, partly ? { ...around, problem: undefined } : around, pending);
  if (partly) {
    state = state.attention
      ? { ...state, problem: partly }
      : { kind: "partial", word: PARTLY.get(partly.kind) ?? "", problem: partly, held: state.held, attention: true };
  }
  return pending ? { ...state, pending } : state;
}

function firstState(bot: Bot, around: Surroundings, pending: Pending | undefined): CardState {
  const { clock, session, problem, now, cached } = around;
  const due = dueAt(bot, clock);
  // a bot that says it is live is believed as little as it is hidden
  const isClaim = bot.foreign && bot.mode === "live" && (!problem || problem.kind === "mixed_mode");
  if (problem && problem.kind !== "incomplete" && !isClaim) {
    return { kind: "unreadable", word: problemWord(problem), problem, held: true, attention: true };
  }
  if (problem && !isClaim) {
    const since = instant(problem.file_time);
    return { kind: "incomplete", word: "incomplete", since, problem, held: true, attention: true };
  }
  const { heldSince } = around;
  if (heldSince !== undefined) {
    const since = Number.isNaN(heldSince) ? undefined : heldSince;
    return { kind: "held", word: "held", since, held: true, attention: true };
  }
  if (bot.state === "error") return { kind: "failed", word: "error", held: true, attention: true };
  if (bot.state === "stopped") return { kind: "failed", word: "stopped", held: false, attention: true };
  if (bot.finished) return calm(cached, "finished", "finished");
  if (due !== undefined && now > due && !cached) {
    return { kind: "late", word: "late", since: due, held: true, attention: true };
  }
  if (pending?.isOverdue) {
    const word = `${pending.what}: no response`;
    return { kind: "unanswered", word, since: pending.due, held: false, attention: true };
  }
  if (pending?.left !== undefined) {
    const word = pending.what === "flatten" ? "closing" : `${pending.what} accepted`;
    return { kind: "asked", word, held: false, attention: false };
  }
  if (pending) return { kind: "asked", word: `${pending.what} requested`, held: false, attention: false };
  if (bot.state === "paused") return { kind: "paused", word: "paused", held: cached, attention: false };
  if (isClaim) return { ...calm(cached, "claimed", "says live"), problem };
  if (bot.foreign) return calm(cached, "ok", "foreign");
  if (clock?.state === "catching_up" || clock?.state === "starting") {
    return { kind: "catching", word: "catching up", held: cached, attention: false };
  }
  if (clock?.state === "paused") return { kind: "paused", word: "replay paused", held: cached, attention: false };
  if (clock?.state === "finished") return calm(cached, "finished", "finished");
  if (bot.kind === "swing") return calm(cached, "ok", "on schedule");
  if (session && session.state !== "open")
    return calm(cached, "closed", session.state === "lunch" ? "lunch" : session.state === "halt" ? "halted" : "closed");
  return calm(cached, "ok", session ? "in session" : "on schedule");
}

function calm(cached: boolean, kind: CardKind, word: string): CardState {
  if (cached) return { kind: "cached", word: "kept", held: true, attention: false };
  return { kind, word, held: false, attention: false };
}

function problemWord(problem: Problem): string {
  switch (problem.kind) {
    case "missing":
      return "missing";
    case "mixed_mode":
      return "other mode";
    case "mixed_run":
      return "other run";
    default:
      return "unreadable";
  }
}

/** Text of the chip at `now`: `late 13 min`, `catching up 41 %`. */
export function chipText(state: CardState, clock: ClockState | undefined, now: number): string {
  if (state.kind === "catching" && clock?.progress !== undefined) {
    return `${state.word} ${Math.floor(clock.progress * 100)}\u00a0%`;
  }
  if (state.since !== undefined && ["late", "incomplete", "held"].includes(state.kind)) {
    return `${state.word} ${brief(now - state.since)}`;
  }
  return state.word;
}

/** How long it has been so, for a sentence: `13 min 02 s`. */
export function sinceText(state: CardState, now: number): string {
  return state.since === undefined ? "" : age(now - state.since);
}
