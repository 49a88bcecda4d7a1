/**
 * The attention line: what the data of which bot needs a look for, oldest first; absent when nothing does. It moves the
 * page, so a bot that is late for a moment, as on a busy machine, is told by its card alone.
 */

import type { BotView, Problem } from "../api/schema";
import { age } from "../lib/age";
import { plural } from "../lib/money";
import { useTicking } from "../lib/ticker";
import { instant } from "../lib/time";
import { useDesk } from "../ui/frame/desk";
import { Icon } from "../ui/icon";
import { iconOf } from "./chip";
import { attentionText } from "./sentence";
import type { CardState } from "./state";
import "./attention.css";

interface Props {
  bots: readonly BotView[];
  states: Map<string, CardState>;
  problems: readonly [string, Problem][];
}

function Item({ bot, state }: { bot: BotView; state: CardState }) {
  const { market } = useDesk();
  const text = useTicking((now) => attentionText(bot, state, market, now));
  return (
    <li>
      <Icon name={iconOf(state)} />
      <span>
        <a href={`#${bot.bot}`}>{bot.bot}</a> {text}
      </span>
    </li>
  );
}

function SectionItem({ problem }: { problem: Problem }) {
  const at = instant(problem.file_time);
  const written = useTicking((now) => (at === undefined ? "" : ` (written ${age(now - at)} ago)`));
  return (
    <li>
      <Icon name={problem.kind === "incomplete" ? "broken" : "bar"} />
      <span>
        <b>{problem.file}</b>
        {written} {problem.kind.replace("_", " ")}: {problem.reason}
      </span>
    </li>
  );
}

/** Wall time by which items are ordered; one without a known time comes last. */
function startOf(state: CardState): number {
  return state.since ?? instant(state.problem?.file_time) ?? Number.POSITIVE_INFINITY;
}

const SETTLED_MS = 3000; // what is late for less may be over before it is read

/** False for a bot that is late only just now. */
function isSettled(state: CardState, now: number): boolean {
  return state.kind !== "late" || state.since === undefined || now - state.since >= SETTLED_MS;
}

export function Attention({ bots, states, problems }: Props) {
  const wanted = bots
    .map((bot) => ({ bot, state: states.get(bot.bot) }))
    .filter((item): item is { bot: BotView; state: CardState } => item.state?.attention === true)
    .sort((a, b) => startOf(a.state) - startOf(b.state));
  const settled = useTicking((now) => wanted.map(({ state }) => (isSettled(state, now) ? "1" : "0")).join(""));
  const items = wanted.filter((_, index) => settled[index] === "1");
  if (items.length + problems.length === 0) return null;
  const what = [
    items.length > 0 && plural(items.length, "bot"),
    problems.length > 0 && plural(problems.length, "file"),
  ].filter(Boolean);
  const title = `${what.join(" and ")} ${items.length + problems.length === 1 ? "needs" : "need"} attention`;
  return (
    <section className="attention-line" aria-labelledby="attention-title">
      <h2 id="attention-title">{title}</h2>
      <ul>
        {items.map(({ bot, state }) => (
          <Item key={bot.bot} bot={bot} state={state} />
        ))}
        {problems.map(([key, problem]) => (
          <SectionItem key={key} problem={problem} />
        ))}
      </ul>
    </section>
  );
}
