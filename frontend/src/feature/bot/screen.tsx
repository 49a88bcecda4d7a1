/** The page of one bot with its data: of the pushed bundle, or fetched where there are too many bots for it. */

import { useMemo } from "preact/hooks";
import type { BotsPageBundle, BotView } from "../../api/schema";
import { problemOf } from "../../bot/state";
import { botsOf, useStates } from "../../bot/states";
import { at } from "../../lib/base";
import { useShared } from "../../lib/use-shared";
import { wear } from "../../lib/wear";
import { useDesk } from "../../ui/frame/desk";
import { follow } from "../../ui/frame/top-bar";
import { Skeleton } from "../../ui/skeleton";
import { BotPage } from "./page";
import css from "./screen.css?inline";
import { useFetched } from "./use-fetched";

wear(css);

interface Props {
  name: string;
  bundle: BotsPageBundle | undefined;
}

/** A bot that the bundle leaves out: intraday first, then swing, by request. */
function useLeftOut(name: string, bundle: BotsPageBundle | undefined, isMissing: boolean) {
  const version = bundle?.as_of ?? "";
  const path = encodeURIComponent(name);
  const intraday = useFetched<BotView>(isMissing ? `/api/intraday/bots/${path}` : undefined, version);
  const isNoDay = intraday.status === 404 || intraday.status === 400;
  const swing = useFetched<BotView>(isMissing && isNoDay ? `/api/swing/bots/${path}` : undefined, version);
  return isNoDay ? swing : intraday;
}

export default function BotScreen({ name, bundle }: Props) {
  const pushed = bundle?.intraday?.bots?.[name] ?? bundle?.swing?.bots?.[name];
  const leftOut = useLeftOut(name, bundle, bundle !== undefined && pushed === undefined);
  const bot = useShared(pushed ?? leftOut.data);
  if (bundle && bot) return <Found bot={bot} bundle={bundle} isPushed={pushed !== undefined} />;
  if (leftOut.status !== undefined && leftOut.error) {
    const isUnknown = leftOut.status === 404 || leftOut.status === 400;
    return (
      <section className="panel empty-desk">
        <h1>{isUnknown ? `There is no bot ${name}` : `${name} cannot be shown`}</h1>
        <p>
          {isUnknown
            ? "The data folder has no state file for it. A bot appears as soon as it writes one. "
            : `${leftOut.error}. `}
          <a className="quiet" href={at("/bots")} onClick={follow}>
            All bots
          </a>
        </p>
      </section>
    );
  }
  return <Skeleton />;
}

/** Lists of which a part stands for something false here: a target that is left out is not one that is not wanted. */
const WHOLE = ["positions", "targets", "open_orders", "signals", "symbols"];

/**
 * `bot` with all rows: with many bots the bundle has a few of each, and the whole of one is fetched. What was fetched is
 * at most a few seconds older and of one piece; while it cannot be had, what is pushed is shown and says what it lacks.
 */
function useWhole(bot: BotView, isPushed: boolean): BotView {
  const isCut = isPushed && WHOLE.some((name) => bot.more?.[name] !== undefined);
  const path = `/api/${bot.kind}/bots/${encodeURIComponent(bot.bot)}`;
  const { data, error } = useFetched<BotView>(isCut ? path : undefined, `${bot.run} ${bot.seq} ${bot.as_of}`);
  return useMemo(
    () => (isCut && data && !error ? { ...data, asked: bot.asked, foreign: bot.foreign } : bot),
    [bot, isCut, data, error],
  );
}

function Found({ bot: shown, bundle, isPushed }: { bot: BotView; bundle: BotsPageBundle; isPushed: boolean }) {
  const bot = useWhole(shown, isPushed);
  const { keptAt } = useDesk();
  const bots = useMemo(() => [bot, ...botsOf(bundle).filter((each) => each.bot !== bot.bot)], [bot, bundle]);
  const states = useStates(bundle, bots, keptAt !== undefined);
  const state = states.get(bot.bot);
  if (!state) return null;
  return (
    <BotPage
      bot={bot}
      state={state}
      session={bot.exchange ? bundle.sessions?.[bot.exchange] : undefined}
      problem={problemOf(bundle.errors, bot)}
      all={bundle.asked}
      bots={bots}
    />
  );
}
