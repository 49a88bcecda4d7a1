/**
 * The attention line: what the data of which bot needs a look for, oldest first; absent when nothing does. It moves the
 * page, so a bot that is late for a moment, as on a busy machine, is told by its card alone.
 */

import { useMemo, useState } from "preact/hooks";
import type { Problem } from "../api/schema";
import { age } from "../lib/age";
import { count, plural } from "../lib/money";
import { useTicking } from "../lib/ticker";
import { instant } from "../lib/time";
import { useDesk } from "../ui/frame/desk";
import { Icon } from "../ui/icon";
import { iconOf } from "./chip";
import { attentionText } from "./sentence";
import type { CardState } from "./state";
import type { States } from "./states";
import "./attention.css";
import { type Bot, cardId, keyOf, nameOf } from "../lib/bot";

interface Props {
  bots: readonly Bot[];
  states: States;
  problems: readonly [string, Problem][];
}

function Item({ bot, state }: { bot: Bot; state: CardState }) {
  const { market } = useDesk();
  const text = useTicking((now) => attentionText(bot, state, market, now));
  return (
    <li>
      <Icon name={iconOf(state)} />
      <span>
        <a href={`#${cardId(bot)}`}>{nameOf(bot)}</a> {text}
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

const MOST = 8; // items that push the page down: more are shown when they are asked for

export function Attention({ bots, states, problems }: Props) {
  const [isWhole, setWhole] = useState(false);
  const wanted = useMemo(
    () =>
      bots
        .map((bot) => ({ bot, state: states.get(keyOf(bot)) }))
        .filter((item): item is { bot: Bot; state: CardState } => item.state?.attention === true)
        .sort((a, b) => startOf(a.state) - startOf(b.state)),
    [bots, states],
  );
  const settled = useTicking((now) => wanted.map(({ state }) => (isSettled(state, now) ? "1" : "0")).join(""));
  const items = wanted.filter((_, index) => settled[index] === "1");
  const total = items.length + problems.length;
  if (total === 0) return null;
  const what = [
    items.length > 0 && plural(items.length, "bot"),
    problems.length > 0 && plural(problems.length, "file"),
  ].filter(Boolean);
  const title = `${what.join(" and ")} ${total === 1 ? "needs" : "need"} attention`;
  const most = isWhole || total <= MOST + 1 ? total : MOST;
  return (
    <section className="attention-line" aria-labelledby="attention-title">
      <h2 id="attention-title">{title}</h2>
      <ul className={isWhole ? "whole" : undefined}>
        {items.slice(0, most).map(({ bot, state }) => (
          <Item key={keyOf(bot)} bot={bot} state={state} />
        ))}
        {problems.slice(0, Math.max(0, most - items.length)).map(([key, problem]) => (
          <SectionItem key={key} problem={problem} />
        ))}
      </ul>
      {total > MOST + 1 && (
        <button type="button" className="quiet" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {isWhole ? `Show the first ${MOST}` : `Show all ${count(total)}`}
        </button>
      )}
    </section>
  );
}
