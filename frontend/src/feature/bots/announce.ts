/** What the polite region says: fills and changes of state, at most one sentence in five seconds. Pure. */

import type { BotView } from "../../api/schema";
import { fillSentence } from "../../bot/sentence";
import type { CardState } from "../../bot/state";
import { plural } from "../../lib/money";
import { newestFills } from "./fills";

/** What was said of the bots before: their fills and states. */
export interface Heard {
  fills: Set<string>;
  states: Map<string, string>;
}

/** Remember the present fills and states. */
export function hear(bots: readonly BotView[], states: Map<string, CardState>): Heard {
  return {
    fills: new Set(bots.flatMap((bot) => Object.keys(bot.fills ?? {}).map((id) => `${bot.bot}/${id}`))),
    states: new Map([...states].map(([name, state]) => [name, state.kind])),
  };
}

/** Sentences for what is new: what needs a look and fills, most telling first; and other states. */
export interface News {
  telling: string[];
  calm: string[];
}

/** What is new since `before`. */
export function news(bots: readonly BotView[], states: Map<string, CardState>, before: Heard): News {
  const urgent: string[] = [];
  const fills: string[] = [];
  const calm: string[] = [];
  for (const bot of bots) {
    const state = states.get(bot.bot);
    const was = before.states.get(bot.bot);
    if (state && was !== undefined && was !== state.kind) {
      (state.attention ? urgent : calm).push(`${bot.bot} is ${state.word}.`);
    }
    if (was === undefined) continue; // a bot that has just appeared brings old fills
    for (const [id, fill] of newestFills(bot.fills)) {
      if (!before.fills.has(`${bot.bot}/${id}`)) fills.push(fillSentence(bot, fill));
    }
  }
  return { telling: [...urgent, ...fills], calm };
}

/** One sentence for all of `sentences`. */
export function digest(sentences: readonly string[]): string {
  const [first, ...others] = sentences;
  if (!first) return "";
  return others.length === 0 ? first : `${first.slice(0, -1)}, and ${plural(others.length, "more message")}.`;
}

const REPEAT_MS = 60_000; // in which a sentence is not said twice: a bot on the edge of late is no news each time
const saidAt = new Map<string, number>();

/** Those of `sentences` that were not said a moment before `now` (ms of a clock that never goes back), noted as said. */
export function unsaid(sentences: readonly string[], now: number): string[] {
  for (const [sentence, at] of saidAt) if (now - at >= REPEAT_MS) saidAt.delete(sentence);
  const fresh = [...new Set(sentences)].filter((sentence) => !saidAt.has(sentence));
  for (const sentence of fresh) saidAt.set(sentence, now);
  return fresh;
}
