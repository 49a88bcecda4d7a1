/** The Intraday page: signals by strength, and the day of each intraday bot with its bars. */

import { useMemo } from "preact/hooks";
import type { BotView, IntradaySnapshot } from "../../api/schema";
import { Attention } from "../../bot/attention";
import { EmptyDesk } from "../../bot/empty-desk";
import { cardState, problemOf } from "../../bot/state";
import { byName } from "../../lib/order";
import { heldBots } from "../../lib/proof";
import { onDesk, useTicking, wallNow } from "../../lib/ticker";
import { getConnection, pageNow } from "../../live";
import { useDesk } from "../../ui/frame/desk";
import { DayPanel } from "./day-panel";
import { ChartNotice } from "./symbol-page";
import { Symbols } from "./symbols";

export function IntradayPage({ snapshot }: { snapshot: IntradaySnapshot }) {
  const desk = useDesk();
  const bots = useMemo(() => Object.values(snapshot.bots ?? {}).sort((a, b) => byName(a.bot, b.bot)), [snapshot]);
  const stateOf = (bot: BotView, now: number) => {
    const since = heldBots(getConnection().status, pageNow()).since(bot.machine);
    return cardState(bot, {
      heldSince: since === undefined ? undefined : onDesk(since),
      clock: (bot.machine && snapshot.machines?.[bot.machine]?.clock) || snapshot.clock,
      session: bot.exchange ? snapshot.sessions?.[bot.exchange] : undefined,
      problem: problemOf(snapshot.errors, bot),
      now,
      cached: desk.keptAt !== undefined,
    });
  };
  useTicking((now) => bots.map((bot) => stateOf(bot, now).kind).join());
  const states = new Map(bots.map((bot) => [bot.bot, stateOf(bot, wallNow())]));
  const problems = Object.entries(snapshot.errors ?? {}).filter(
    ([key, problem]) => !bots.some((bot) => problem.bot === bot.bot || key === `intraday.${bot.bot}`),
  );
  if (bots.length === 0 && Object.keys(snapshot.symbols ?? {}).length === 0 && problems.length === 0) {
    return (
      <>
        <h1 className="spoken">Intraday</h1>
        <EmptyDesk />
      </>
    );
  }
  return (
    <>
      <h1 className="spoken">Intraday</h1>
      <Attention bots={bots} states={states} problems={problems} />
      <Symbols symbols={snapshot.symbols} cycle={snapshot.cycle_id} />
      <div className="head">
        <h2>Days</h2>
        <small>Prices as traded. Triangles are fills, the line is the VWAP; minutes without a trade are gaps.</small>
      </div>
      {bots.length === 0 ? (
        <p className="panel none pad">No intraday bots yet.</p>
      ) : (
        <div className="days-grid">
          {bots.map((bot) => (
            <DayPanel
              key={bot.bot}
              bot={bot}
              session={bot.exchange ? snapshot.sessions?.[bot.exchange] : undefined}
              views={snapshot.symbols}
            />
          ))}
        </div>
      )}
      {bots.length > 0 && <ChartNotice />}
    </>
  );
}
