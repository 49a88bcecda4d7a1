/** The page of one bot: how it stands, what it made and why, what it may do, and how to stop it. */

import { useMemo, useRef, useState } from "preact/hooks";
import type { Asked, BotDays, BotView, Pnl, Problem, Session } from "../../api/schema";
import { AskedOfAll } from "../../bot/asked-of-all";
import { StateChip, tone } from "../../bot/chip";
import { Controls } from "../../bot/controls";
import { costsIn, totalReturn } from "../../bot/figure";
import { Foot } from "../../bot/foot";
import { Signals } from "../../bot/signals";
import { dayText, fallNote, maxFallText } from "../../bot/span-text";
import type { CardState } from "../../bot/state";
import { StateLine } from "../../bot/state-line";
import { at } from "../../lib/base";
import { type Bot, isNamed, nameOf } from "../../lib/bot";
import { later } from "../../lib/later";
import { cost, money, moneyChange } from "../../lib/money";
import { fall, percent, percentChange, returnOn } from "../../lib/percent";
import { navigate } from "../../lib/route";
import { instant } from "../../lib/time";
import { useFetched } from "../../lib/use-fetched";
import { useDesk } from "../../ui/frame/desk";
import { follow } from "../../ui/frame/top-bar";
import { factor, Money, Net, NetPercent, Ratio, Value } from "../../ui/number";
import { Panel } from "../../ui/panel";
import { Term } from "../../ui/term";
import { Activity, type Chosen } from "./activity";
import { Clocks } from "./clocks";
import { Days } from "./days";
import { Holdings } from "./holdings";
import { Performance } from "./performance";
import { Rebalance } from "./rebalance";
import { Requests } from "./requests";
import { Rules } from "./rules";
import { hasTargets } from "./targets";

const AnalysisPanel = later(
  () => import("./analysis-panel"),
  () => null,
);

interface Props {
  bot: BotView;
  state: CardState;
  session: Session | undefined;
  problem: Problem | undefined;
  all: Asked | undefined;
  /** All of the desk. */
  bots: readonly Bot[];
}

/** `gross +11.50, costs −21.80, funding −3.00`: what a net result is made of. */
function partsText(pnl: Pnl, bot: BotView): string {
  const funding = pnl.funding === undefined ? "" : `, funding ${moneyChange(pnl.funding, bot)}`;
  return `gross ${moneyChange(pnl.gross, bot)}, costs ${cost(costsIn(pnl), bot)}${funding}`;
}

/** The figures of the comparison table, for one bot. */
export function Figures({ bot, state }: { bot: BotView; state: CardState }) {
  const { market, sessions, still } = useDesk();
  const { stats, day_pnl: day, total_pnl: total } = bot;
  return (
    <dl className="figures lead-figures">
      <div>
        <dt>
          <Term name="Equity" />, {bot.currency}
        </dt>
        <dd className="big">
          <Money of={bot} value={bot.equity} held={state.held} still={still} />{" "}
          {bot.start_equity !== undefined && <small>start {money(bot.start_equity, bot)}</small>}
        </dd>
      </div>
      <div>
        <dt>
          <Term name="Day net" />
          {day && bot.day && `, ${dayText(bot, sessions, market)}`}
        </dt>
        <dd>
          <Net of={bot} value={day?.net} held={state.held} still={still} /> <small>{day && partsText(day, bot)}</small>
        </dd>
      </div>
      <div>
        <dt>
          <Term name="Net" /> since start
        </dt>
        <dd>
          <Net of={bot} value={bot.net} held={state.held} still={still} />{" "}
          <small>{total && partsText(total, bot)}</small>
        </dd>
      </div>
      <div>
        <dt>
          {bot.time_weighted_return === undefined ? (
            <Term name="Return" />
          ) : (
            <Term name="TWR">Time-weighted return</Term>
          )}{" "}
          since start, <Term name="Hold">buy and hold</Term>
        </dt>
        <dd>
          <NetPercent value={totalReturn(bot)} />{" "}
          <small>hold {percentChange(returnOn(bot.hold_equity, bot.start_equity))}</small>
        </dd>
      </div>
      <div>
        <dt>
          <Term name="Drawdown" /> now
        </dt>
        <dd>
          <Value>{fall(stats?.drawdown)}</Value> <small>{maxFallText(bot, market)}</small>
          {fallNote(bot) && <small className="attention-text"> {fallNote(bot)}</small>}
        </dd>
      </div>
      <div>
        <dt>
          <Term name="Exposure" /> now, cash
        </dt>
        <dd>
          <Value>{percent(stats?.exposure, 0)}</Value> <small>{money(bot.cash, bot)}</small>
        </dd>
      </div>
      <div>
        <dt>
          <Term name="Win rate" />, <Term name="Profit factor">profit factor</Term>
        </dt>
        <dd>
          <Ratio text={percent(stats?.win_rate, 0)} closed={stats?.closed_trades} wins={stats?.wins} />{" "}
          <small>{(stats?.closed_trades ?? 0) >= 30 ? factor(stats?.profit_factor) : ""}</small>
        </dd>
      </div>
    </dl>
  );
}

/** Show the newest recorded moment; the browser's way back leads to what is live. */
function rewind(): void {
  const query = new URLSearchParams(location.search);
  query.set("past", "newest"); // as `past.ts` reads it
  navigate(`${location.pathname}?${query}`);
}

export function BotPage({ bot, state, session, problem, all, bots }: Props) {
  const { clock } = useDesk();
  const [chosen, setChosen] = useState<Chosen>({ part: "trades", day: "", symbol: "" });
  const activity = useRef<HTMLDivElement>(null);
  const version = bot.kind === "swing" ? `${bot.day} ${bot.fills_total}` : bot.as_of;
  const days = useFetched<BotDays>(`/api/bots/${encodeURIComponent(bot.bot)}/days?limit=500`, version);
  const choose = useMemo(
    () => (next: Partial<Chosen>) => {
      setChosen((before) => ({ ...before, ...next }));
      activity.current?.scrollIntoView({ block: "start" });
    },
    [],
  );
  return (
    <>
      <nav className="crumbs" aria-label="You are here">
        <a className="quiet" href={at("/bots")} onClick={follow}>
          Bots
        </a>{" "}
        / {nameOf(bot)}
      </nav>
      <AskedOfAll asked={all} bots={bots} />
      <section className={`panel bot-head ${tone(state)}`} aria-labelledby="bot-title">
        <header>
          <div>
            <h1 id="bot-title">
              {nameOf(bot)}
              {bot.machine && !isNamed(bot) && <small> on {bot.machine}</small>}
              {bot.foreign && <small> external</small>}
            </h1>
            <p className="soft">
              {bot.rule || bot.strategy?.replaceAll("_", " ") || (bot.foreign ? "Run by another program" : "")}
            </p>
          </div>
          <StateChip state={state} clock={clock} />
          <button type="button" className="button" onClick={rewind}>
            Rewind
          </button>
          <Controls bot={bot} all={all} />
        </header>
        <StateLine bot={bot} state={state} session={session} />
        <Figures bot={bot} state={state} />
        <Clocks bot={bot} state={state} session={session} />
      </section>
      <div className="bot-grid">
        <Performance bot={bot} state={state} session={session} problem={problem} days={days.data} />
        <Days
          bot={bot}
          fetched={days}
          day={chosen.day}
          onDay={(day) => choose({ day: chosen.day === day ? "" : day })}
        />
      </div>
      <Holdings bot={bot} state={state} onSymbol={(symbol) => choose({ part: "fills", symbol })} />
      {bot.kind === "swing" && hasTargets(bot) && <Rebalance bot={bot} state={state} />}
      <div ref={activity} className="anchor">
        <Activity bot={bot} days={days.data} chosen={chosen} onChosen={setChosen} />
      </div>
      <div className="bot-grid by-top">
        <Rules key={bot.bot} bot={bot} />
        <div className="stack">
          <Panel title="Strength" asOf={bot.as_of} at={instant(bot.written_at)} held={state.held} className="card">
            <Signals bot={bot} />
          </Panel>
          <Requests bot={bot} />
          <Panel title="Schedule" className="card">
            <Foot bot={bot} state={state} />
          </Panel>
        </div>
      </div>
      <AnalysisPanel bot={bot} />
    </>
  );
}
