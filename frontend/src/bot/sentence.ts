/** The sentences of state lines, attention line and announcements. Pure; what a trader would say. */

import type { ClockState, Fill, Session } from "../api/schema";
import { age } from "../lib/age";
import { type Bot, nameOf } from "../lib/bot";
import { unshown } from "../lib/left-out";
import { wallText } from "../lib/market";
import { MINUS, money, price, quantity, sharedDecimals, type Unit } from "../lib/money";
import { typeset } from "../lib/percent";
import { onDesk } from "../lib/ticker";
import { clock, dayName, dayOrClock, instant, isoDay, localStamp, stamp, UTC } from "../lib/time";
import { pendingText } from "./asked";
import { type CardState, PARTLY } from "./state";

/** `strong` comes first, in bold. */
export interface Sentence {
  strong?: string;
  rest: string;
}

interface Place {
  clock?: ClockState;
  session?: Session;
  sessions: Record<string, Session>;
  /** Market time, ms. */
  market?: number;
  /** This page's time at which kept data was kept, ms; NaN if unknown. */
  keptAt?: number;
}

/** `14:25 UTC`, `the close of 18 May`: what the values of `bot` are of. */
export function valuesOf(bot: Bot, market: number | undefined): string {
  const at = instant(bot.as_of);
  if (at === undefined) return bot.as_of;
  return bot.kind === "swing" && bot.day ? `the close of ${dayName(bot.day, market)}` : stamp(at, market);
}

/** What was due when a bot is late: its mark or its cycle. */
export function dueThing(bot: Bot, market: number | undefined): string {
  const mark = instant(bot.next_mark_at);
  if (bot.kind === "swing" && mark !== undefined) return `Mark of ${dayName(isoDay(mark, UTC), market)}`;
  return bot.kind === "swing" ? "Mark" : "Cycle";
}

/** A text from a file as a sentence: a capital where it starts with a word, a full stop where it has none. */
export function ended(text: string): string {
  const started = text.charAt(0).toUpperCase() + typeset(text.slice(1));
  return /[.!?]$/.test(started) ? started : `${started}.`;
}

/** The state line of a card at wall time `now`. */
export function stateLine(bot: Bot, state: CardState, place: Place, now: number): Sentence {
  const line = ownLine(bot, state, place, now);
  const { kind, pending, problem } = state;
  if (problem && PARTLY.has(problem.kind) && kind !== "partial") line.rest = `${line.rest} ${ended(problem.reason)}`;
  if (!pending || kind === "asked" || kind === "unanswered") return line;
  const { strong, rest } = pendingText(pending, now);
  return { ...line, rest: [line.rest, strong, pending.isOverdue ? rest : ""].filter(Boolean).join(" ") };
}

function ownLine(bot: Bot, state: CardState, place: Place, now: number): Sentence {
  const { market } = place;
  const shown = `Values as of ${valuesOf(bot, market)}.`;
  const { problem } = state;
  switch (state.kind) {
    case "partial":
    case "unreadable": {
      const fileAt = instant(problem?.file_time);
      const written = fileAt === undefined ? "" : ` (written ${age(now - fileAt)} ago)`;
      return {
        strong: `${problem?.file ?? bot.file} ${state.word}${written}.`,
        rest: `${ended(problem?.reason ?? "")} ${shown}`,
      };
    }
    case "claimed": {
      const why = problem ? ` ${ended(problem.reason)}` : "";
      return { rest: `The file says live; the desk cannot check that.${why} ${shown}` };
    }
    case "incomplete": {
      const since = instant(problem?.since);
      const from = since === undefined ? "" : ` since ${stamp(since, market)}`;
      return { strong: `Cycle incomplete${from}.`, rest: `${ended(problem?.reason ?? "")} ${shown}` };
    }
    case "held": {
      const since = state.since === undefined ? "" : ` as of ${clock(state.since)}`;
      return { strong: `Held${since}.`, rest: `No word from its machine since, so there may be newer data. ${shown}` };
    }
    case "failed":
      return {
        strong: said(bot, state.word === "stopped" ? "Stopped" : "The bot raised an error"),
        rest: [saidAlone(bot) ? "" : ended(bot.state_reason || "No reason given"), shown].filter(Boolean).join(" "),
      };
    case "late":
      return { strong: `${dueThing(bot, market)} was due ${age(now - (state.since ?? now))} ago.`, rest: shown };
    case "asked":
    case "unanswered":
      return state.pending ? pendingText(state.pending, now) : { rest: shown };
    case "paused":
      return bot.state === "paused"
        ? {
            strong: said(bot, "Paused"),
            rest: saidAlone(bot) || !bot.state_reason ? OPENS_NOTHING : ended(bot.state_reason),
          }
        : { strong: "The replay is paused.", rest: shown };
    case "catching":
      return { rest: "Catching up with past bars. Values appear as they are written." };
    case "cached":
      return { rest: `Saved copy from ${age(now - onDesk(place.keptAt ?? Number.NaN))} ago, checking for updates.` };
    case "finished": {
      const at = instant(bot.finished_at);
      const when = at === undefined ? "" : `, ${stamp(at, market)}`;
      return { rest: `${bot.finished ? `Its run has ended${when}` : "The data has ended"}. ${shown}` };
    }
    case "closed":
      return { rest: closedLine(bot, place) };
    case "ok":
      return { rest: calmLine(bot, place) };
  }
}

const OPENS_NOTHING = "It opens no new positions.";

/** True where the reason of a bot's state begins with the state: `paused by ana, 12:04 UTC: lunch`. */
const saidAlone = (bot: Bot): boolean => bot.state_reason?.startsWith(bot.state ?? "-") === true;

const said = (bot: Bot, word: string): string => ended(saidAlone(bot) ? (bot.state_reason ?? word) : word);

function closedLine(bot: Bot, place: Place): string {
  const { session, market } = place;
  const at = instant(bot.as_of);
  const opens = instant(session?.next_open_at) ?? instant(session?.opens_at);
  const flat = Object.keys(bot.positions ?? {}).length + unshown(bot) === 0;
  const parts = [
    session?.state === "lunch"
      ? "Lunch."
      : session?.state === "halt"
        ? "Trading is halted."
        : flat
          ? "Session over, flat."
          : "Session over.",
    at === undefined ? "" : `Last cycle ${stamp(at, market)}.`,
  ];
  if (opens !== undefined && market !== undefined && opens > market) {
    const wall = wallText(opens, place.clock, Object.values(place.sessions));
    const local = localStamp(opens, market, session?.timezone ?? "UTC");
    parts.push(`Opens ${local}${wall && ` (${wall})`}.`);
  }
  return parts.filter(Boolean).join(" ");
}

function calmLine(bot: Bot, place: Place): string {
  const at = instant(bot.as_of);
  if (bot.kind === "swing") {
    const basis = bot.price_basis === "adjusted" ? " Adjusted prices." : "";
    return `Valued at ${valuesOf(bot, place.market)}.${basis}`;
  }
  if (at === undefined) return "";
  if (bot.foreign) return `Run by another program. Values as of ${valuesOf(bot, place.market)}.`;
  return `Up to date as of ${stamp(at, place.market)}.`;
}

/** What is wrong with the file, the first of it: `: is empty`. */
const why = ({ problem }: CardState): string => (problem ? `: ${problem.reason.split("; ", 1)[0]}` : "");

/** Attention line: what is wrong, after the bot's name. `at` orders the items, oldest first (wall or market ms). */
export function attentionText(bot: Bot, state: CardState, market: number | undefined, now: number): string {
  const ago = state.since === undefined ? "" : `, ${age(now - state.since)}`;
  switch (state.kind) {
    case "late":
      return `${dueThing(bot, market).replace(/^[MC]/, (letter) => letter.toLowerCase())} overdue ${age(now - (state.since ?? now))}`;
    case "incomplete": {
      const since = instant(state.problem?.since);
      return `cycle incomplete${since === undefined ? "" : ` since ${stamp(since, market)}`}${ago}`;
    }
    case "partial":
    case "unreadable": {
      const fileAt = instant(state.problem?.file_time);
      const written = fileAt === undefined ? "" : `, written ${age(now - fileAt)} ago`;
      return `${state.problem?.file ?? bot.file} ${state.word}${written}${why(state)}`;
    }
    case "held":
      return `held: no word from its machine${state.since === undefined ? "" : ` for ${age(now - state.since)}`}`;
    case "unanswered":
      return `${state.word}, due ${age(now - (state.since ?? now))} ago`;
    default:
      if (saidAlone(bot)) return bot.state_reason ?? "";
      return state.word === "stopped"
        ? `stopped: ${bot.state_reason || "no reason given"}`
        : `error: ${bot.state_reason || "no reason given"}`;
  }
}

/** `orb_ny bought 196 MSFT at 256.21 USD.` */
export function fillSentence(bot: Bot, fill: Pick<Fill, "symbol" | "side" | "quantity" | "price">): string {
  const verb = fill.side === "buy" ? "bought" : "sold";
  return `${nameOf(bot)} ${verb} ${quantity(fill.quantity)} ${fill.symbol} at ${price(fill.price, sharedDecimals(bot.tick, [fill.price]))} ${bot.currency}.`;
}

/** `drawdown since 19 Nov 2021` beside a total. */
export function peakText(peakAt: string | undefined, market: number | undefined): string {
  const at = instant(peakAt);
  return at === undefined ? "" : `from ${dayOrClock(at, market)}`;
}

/** `cash 160,222.25`, `+ positions 272,949.49`; a minus where the positions are worth less than nothing. */
export function sumText(cash: number | undefined, positions: number | undefined, unit: Unit): string[] {
  const parts: string[] = [];
  if (cash !== undefined) parts.push(`cash ${money(cash, unit)}`);
  if (positions !== undefined)
    parts.push(`${positions < 0 ? MINUS : "+"} positions ${money(Math.abs(positions), unit)}`);
  return parts;
}
