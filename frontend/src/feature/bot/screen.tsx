/** The page of one bot with its data: its card, which is pushed while it is looked at. */

import { useMemo } from "preact/hooks";
import type { BotView } from "../../api/schema";
import { type CardState, ownProblem } from "../../bot/state";
import type { States } from "../../bot/states";
import { at } from "../../lib/base";
import { type Bot, keyOf } from "../../lib/bot";
import { later } from "../../lib/later";
import { botNamed, type Part, type Roster, type Told, viewOf } from "../../lib/roster";
import { useQuery } from "../../lib/route";
import { CARDS } from "../../lib/seen";
import { useFetched } from "../../lib/use-fetched";
import { useSeen } from "../../lib/use-roster";
import { wear } from "../../lib/wear";
import { follow } from "../../ui/frame/top-bar";
import { Skeleton } from "../../ui/skeleton";
import { BotPage } from "./page";
import css from "./screen.css?inline";

wear(css);

const Rewind = later(
  () => import("./rewind"),
  () => <Skeleton />,
);

interface Props {
  name: string;
  /** Of which kind, where two have that name. */
  kind: string | null;
  roster: Roster | undefined;
  states: States;
  cards: ReadonlyMap<string, Told>;
}

/** A bot that the index does not have yet: intraday first, then swing, by request. */
function useMissing(name: string, version: string) {
  const path = encodeURIComponent(name);
  const intraday = useFetched<BotView>(`/api/intraday/bots/${path}`, version);
  const isNoDay = intraday.status === 404 || intraday.status === 400;
  const swing = useFetched<BotView>(isNoDay ? `/api/swing/bots/${path}` : undefined, version);
  return isNoDay ? swing : intraday;
}

export default function BotScreen({ name, kind, roster, states, cards }: Props) {
  const isPast = useQuery().has("past");
  if (isPast) return <Rewind name={name} kind={kind} />;
  if (!roster) return <Skeleton />;
  const bot = botNamed(roster, name, kind);
  if (!bot) return <Missing name={name} roster={roster} />;
  return <Found bot={bot} part={cards.get(keyOf(bot))?.part} roster={roster} state={states.get(keyOf(bot))} />;
}

/** Nothing can be shown of it, or the index does not have it yet: then it is looked for with each newer one. */
function Missing({ name, roster }: { name: string; roster: Roster }) {
  const found = useMissing(name, `${roster.version}`);
  const unread = Object.entries(roster.unread ?? {}).find(([key]) => key.endsWith(`/${name}`))?.[1];
  const problem = Object.values(unread?.errors ?? {})[0];
  if (!problem && (found.data || found.status === undefined || !found.error)) return <Skeleton />;
  const isUnknown = !problem && (found.status === 404 || found.status === 400);
  return (
    <section className="panel empty-desk">
      <h1>{isUnknown ? `There is no bot ${name}` : `${name} cannot be shown`}</h1>
      <p>
        {isUnknown
          ? "The data folder has no state file for it. A bot appears as soon as it writes one. "
          : `${problem ? `${problem.file}: ${problem.reason}` : found.error}. `}
        <a className="quiet" href={at("/bots")} onClick={follow}>
          All bots
        </a>
      </p>
    </section>
  );
}

/** Lists of which a part stands for something false here: a target that is left out is not one that is not wanted. */
const WHOLE = ["positions", "targets", "open_orders", "signals", "symbols"];

/**
 * `bot` with all rows: with many bots its card has a few of each, and the whole of one is fetched. What was fetched is
 * at most a few seconds older and of one piece; while it cannot be had, what is pushed is shown and says what it lacks.
 */
function useWhole(bot: BotView): BotView {
  const isCut = WHOLE.some((name) => bot.more?.[name] !== undefined);
  const path = `/api/${bot.kind}/bots/${encodeURIComponent(bot.bot)}`;
  const { data, error } = useFetched<BotView>(isCut ? path : undefined, `${bot.run} ${bot.seq} ${bot.as_of}`);
  return useMemo(
    () => (isCut && data && !error ? { ...data, asked: bot.asked, foreign: bot.foreign } : bot),
    [bot, isCut, data, error],
  );
}

interface FoundProps {
  bot: Bot;
  part: Part | undefined;
  roster: Roster;
  state: CardState | undefined;
}

function Found({ bot, part, roster, state }: FoundProps) {
  useSeen(CARDS, [keyOf(bot)]);
  const view = viewOf(part, bot);
  if (!view || !state) return <Skeleton />;
  return <Whole view={view} bot={bot} roster={roster} state={state} />;
}

function Whole({ view, bot, roster, state }: { view: BotView; bot: Bot; roster: Roster; state: CardState }) {
  const whole = useWhole(view);
  return (
    <BotPage
      bot={whole}
      state={state}
      session={bot.exchange ? roster.sessions?.[bot.exchange] : undefined}
      problem={ownProblem(bot)}
      all={roster.asked}
      bots={roster.bots}
    />
  );
}
