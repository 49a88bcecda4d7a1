/** What the polite region says: fills and changes of state, at most one sentence in five seconds. Pure. */

import { fillSentence } from "../../bot/sentence";
import type { CardState } from "../../bot/state";
import type { States } from "../../bot/states";
import { type Bot, keyOf, nameOf, newestFill } from "../../lib/bot";
import { count, plural } from "../../lib/money";

/** What was said of one bot before: its fills and its state. */
interface Said {
  /** Id of the newest fill. */
  last: string | undefined;
  fills: number;
  state: string | undefined;
}

/** What was said of the bots before, by key. */
export type Heard = ReadonlyMap<string, Said>;

/** Remember the present fills and states. */
export function hear(bots: readonly Bot[], states: States): Heard {
  return new Map(
    bots.map((bot) => {
      const key = keyOf(bot);
      return [key, { last: newestFill(bot)?.id, fills: bot.fills_total ?? 0, state: states.get(key)?.kind }];
    }),
  );
}

/** Sentences for what is new: what needs a look and fills, most telling first; and other states. */
export interface News {
  telling: string[];
  calm: string[];
}

/** Of bots that are held with their machine it is said once. */
function changeOf(bot: Bot, { kind, word }: CardState): string {
  return `${kind === "held" && bot.machine ? `Machine ${bot.machine}` : nameOf(bot)} is ${word}.`;
}

/** What is new since `before`. */
export function news(bots: readonly Bot[], states: States, before: Heard): News {
  const urgent: string[] = [];
  const fills: string[] = [];
  const calm: string[] = [];
  for (const bot of bots) {
    const key = keyOf(bot);
    const state = states.get(key);
    const was = before.get(key);
    if (!was) continue; // a bot that has just appeared brings old fills
    if (state && was.state !== undefined && was.state !== state.kind)
      (state.attention ? urgent : calm).push(changeOf(bot, state));
    const fill = newestFill(bot);
    if (!fill || fill.id === was.last) continue;
    const more = (bot.fills_total ?? 0) - was.fills;
    const sentence = fillSentence(bot, fill);
    fills.push(more > 1 ? `${sentence.slice(0, -1)}, the last of ${count(more)} fills.` : sentence);
  }
  return { telling: [...new Set([...urgent, ...fills])], calm };
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
