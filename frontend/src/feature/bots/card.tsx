/** One bot: state, money, curve, where the result comes from, what it holds, why, and when it was true. */

import { useMemo, useState } from "preact/hooks";
import type { Asked, BotView, Pnl, Problem, Session } from "../../api/schema";
import { StateChip, tone } from "../../bot/chip";
import { Controls } from "../../bot/controls";
import { Foot } from "../../bot/foot";
import { Signals } from "../../bot/signals";
import { dayText, fallNote, maxFallText } from "../../bot/span-text";
import type { CardState } from "../../bot/state";
import { StateLine } from "../../bot/state-line";
import { type Bot, cardId, isNamed, keyOf, nameOf } from "../../lib/bot";
import { later } from "../../lib/later";
import { memo } from "../../lib/memo";
import { isLong, money, moneyChange } from "../../lib/money";
import { arrive } from "../../lib/part";
import { useMayAsk } from "../../lib/role";
import { pathOf } from "../../lib/route";
import { useTurn } from "../../lib/steps";
import { dayName, instant } from "../../lib/time";
import { useId } from "../../lib/use-id";
import { whyNone } from "../../ui/chart/curve";
import { ChartGuard } from "../../ui/chart/guard";
import { sceneOf } from "../../ui/chart/scene";
import { useDesk } from "../../ui/frame/desk";
import { follow } from "../../ui/frame/top-bar";
import { Menu } from "../../ui/menu";
import { Money, Net, NetPercent } from "../../ui/number";
import { Term } from "../../ui/term";
import { LINE } from "../../ui/use-slice";
import { Fills } from "./fills";
import { Positions } from "./positions";
import "./card.css";
import "../../bot/sum-line.css";

/** Characters of a sum that a card holds side by side. */
const MOST = 32;

/** A chunk of its own, asked for at once: figures do not wait for the drawing. */
const chart = arrive(() => import("../../ui/chart/equity-chart"));
chart.catch(() => undefined); // told where it is drawn
const EquityChart = later(
  () => chart,
  () => <div className="curve empty" />,
);

interface Around {
  state: CardState;
  session: Session | undefined;
  problem: Problem | undefined;
}

interface Props extends Around {
  bot: Bot;
  /** It with its lists and curves, once they have come. */
  view: BotView | undefined;
  /** What is asked of all bots. */
  all?: Asked | undefined;
  /** True where there are so many that each is drawn in a task of its own. */
  isOneOfMany?: boolean;
  /** Key of the line that it stands in. */
  line?: string | undefined;
}

/** Gross − fees − slippage (− borrow, + funding, where there is any) = net of the day for an intraday bot, since the start for a swing bot. */
export function Sum({ bot, still }: { bot: Bot; still: boolean }) {
  const { market, sessions } = useDesk();
  const span: { name: string; of: string; pnl: Pnl | undefined } =
    bot.kind === "intraday"
      ? { name: "Day", of: dayText(bot, sessions, market), pnl: bot.day_pnl }
      : { name: "Since", of: sinceText(bot, market), pnl: bot.total_pnl };
  if (!span.pnl) {
    return (
      <p className="sum-line none">
        {bot.foreign ? "No cost data: only one P&L figure is available." : "No result yet."}
      </p>
    );
  }
  const { gross, fees = 0, slippage, borrow, funding, net } = span.pnl;
  const hasBorrow = (borrow ?? 0) > 0;
  const costs = [
    money(fees, bot),
    money(slippage ?? 0, bot),
    hasBorrow ? money(borrow, bot) : "",
    moneyChange(funding, bot),
  ];
  const figures = [moneyChange(gross, bot), ...costs];
  const isWide = isLong(MOST, ...figures, moneyChange(net, bot)) || (hasBorrow && funding !== undefined);
  return (
    <dl className={`sum-line${isWide ? " long" : hasBorrow || funding !== undefined ? " with-borrow" : ""}`}>
      <div className="span">
        <dt>{span.name}</dt>
        <dd>{span.of}</dd>
      </div>
      <div>
        <dt>
          <Term name="Gross" />
        </dt>
        <dd>{moneyChange(span.pnl.gross, bot)}</dd>
      </div>
      <div>
        <dt>
          <Term name="Fees">{fees < 0 ? "+ Rebates" : "− Fees"}</Term>
        </dt>
        <dd>{money(Math.abs(fees), bot)}</dd>
      </div>
      <div>
        <dt>
          <Term name="Slippage">− Slippage</Term>
        </dt>
        <dd>{money(span.pnl.slippage ?? 0, bot)}</dd>
      </div>
      {hasBorrow && (
        <div>
          <dt>
            <Term name="Borrow">− Borrow</Term>
          </dt>
          <dd>{money(span.pnl.borrow ?? 0, bot)}</dd>
        </div>
      )}
      {funding !== undefined && (
        <div>
          <dt>
            <Term name="Funding">+ Funding</Term>
          </dt>
          <dd>{moneyChange(funding, bot)}</dd>
        </div>
      )}
      <div className="net">
        <dt>
          <Term name="Net">= Net</Term>
        </dt>
        <dd>
          <Net of={bot} value={span.pnl.net} still={still} />
        </dd>
      </div>
    </dl>
  );
}

function sinceText(bot: Bot, market: number | undefined): string {
  const since = instant(bot.total_pnl?.since) ?? instant(Object.keys(bot.equity_curve ?? {})[0]);
  return since === undefined ? "start" : dayName(new Date(since).toISOString().slice(0, 10), market);
}

/** What it began with, what it made since then, and how deep it fell: what its file or its curve says of it. */
function Since({ bot, held, still }: { bot: Bot; held: boolean; still: boolean }) {
  const { market } = useDesk();
  const most = maxFallText(bot, market);
  const note = fallNote(bot);
  if (bot.start_equity === undefined && bot.net === undefined && !most) return null;
  return (
    <p className="since">
      {bot.start_equity !== undefined && <span>start {money(bot.start_equity, bot)}</span>}
      {bot.net !== undefined && (
        <span>
          net <Net of={bot} value={bot.net} held={held} still={still} /> since start
        </span>
      )}
      {most && (
        <span>
          {most}
          {note && <b> ({note})</b>}
        </span>
      )}
    </p>
  );
}

function Curve({ bot, state, session, problem }: Around & { bot: BotView }) {
  const { clock, market } = useDesk();
  const scene = useMemo(
    () => sceneOf(bot, { clock, session, problem, held: state.held }),
    [bot, clock, session, problem, state.held],
  );
  if (!scene) {
    return (
      <div className="curve empty">
        <p>{whyNone(bot)}</p>
      </div>
    );
  }
  return (
    <ChartGuard>
      <EquityChart name={nameOf(bot)} holdName={bot.hold_name ?? ""} scene={scene} now={market} />
    </ChartGuard>
  );
}

/** Cards whose lower part was opened, on a phone: one that was scrolled out of sight comes back as it was. */
const opened = new Set<string>();

export const Card = memo(function Card(props: Props) {
  const { bot, view, state, session, problem, all, isOneOfMany = false, line } = props;
  const { clock, market, sessions, still } = useDesk();
  const title = useId();
  const body = useId();
  const mayAsk = useMayAsk();
  const key = keyOf(bot);
  const [open, setOpen] = useState(() => opened.has(key));
  const whole = useTurn(!isOneOfMany) ? view : undefined;
  const unfold = (): void => {
    if (open) opened.delete(key);
    else opened.add(key);
    setOpen(!open);
  };
  const day = bot.day_pnl;
  return (
    <article
      className={`panel card ${tone(state)}${open ? " open" : ""}`}
      id={cardId(bot)}
      aria-labelledby={title}
      aria-busy={!whole}
      {...(line && { [LINE]: line })}
    >
      <header>
        <div>
          <h3 id={title}>
            <a href={pathOf(bot)} onClick={follow}>
              {nameOf(bot)}
            </a>
            {bot.machine && !isNamed(bot) && <small> on {bot.machine}</small>}
            {bot.foreign && <small> external</small>}
          </h3>
          <p title={bot.rule || undefined}>
            {bot.rule || bot.strategy?.replaceAll("_", " ") || (bot.foreign ? "Run by another program" : "")}
          </p>
        </div>
        <StateChip state={state} clock={clock} />
        {mayAsk && (
          <Menu label="⋯" name={`Controls of ${nameOf(bot)}`}>
            <Controls bot={view ?? bot} all={all} />
            <a className="quiet" href={pathOf(bot)} onClick={follow}>
              Trades, rules and all else of {nameOf(bot)}
            </a>
          </Menu>
        )}
      </header>
      <StateLine bot={bot} state={state} session={session} />
      <div className="lead">
        <p className="big">
          <Money of={bot} value={bot.equity} held={state.held} still={still} /> <small>{bot.currency}</small>
        </p>
        {day && (
          <p className="day">
            <Net of={bot} value={day.net} held={state.held} still={still} />{" "}
            <small>
              {day.net_return !== undefined && <NetPercent value={day.net_return} />}{" "}
              {bot.day && <span className="nowrap">{dayText(bot, sessions, market)}</span>}
            </small>
          </p>
        )}
        <Since bot={bot} held={state.held} still={still} />
      </div>
      {whole ? (
        <Curve bot={whole} state={state} session={session} problem={problem} />
      ) : (
        <div className="curve empty" />
      )}
      <Sum bot={whole ?? bot} still={still} />
      <button type="button" className="unfold" aria-expanded={open} aria-controls={body} onClick={unfold}>
        Positions, signal, fills
      </button>
      <div className="body" id={body}>
        {whole ? (
          <>
            <Positions bot={whole} held={state.held} still={still} />
            <Signals bot={whole} />
            <Fills bot={whole} market={market} />
          </>
        ) : (
          [1, 2, 3].map((part) => <div key={part} className="to-come" />)
        )}
      </div>
      <Foot bot={bot} state={state} />
    </article>
  );
});
