/** One panel a currency: what its bots are worth together, and each market day from gross to net. */

import type { BotsTotals, BotView, IndexDay, IndexTotal, Session } from "../../api/schema";
import { iconOf } from "../../bot/chip";
import { peakText, sumText } from "../../bot/sentence";
import { isDayOpen, listed, sinceText } from "../../bot/span-text";
import type { CardState } from "../../bot/state";
import type { States } from "../../bot/states";
import { type Bot, keyOf, nameOf } from "../../lib/bot";
import { memo } from "../../lib/memo";
import { cost, count, isLong, money, moneyChange, plural, type Unit } from "../../lib/money";
import { byName } from "../../lib/order";
import { fall } from "../../lib/percent";
import type { TermName } from "../../lib/terms";
import { clock, dayName, instant } from "../../lib/time";
import { useDesk } from "../../ui/frame/desk";
import { Icon } from "../../ui/icon";
import { Money, Net, Value } from "../../ui/number";
import { type Column, Table } from "../../ui/table";
import { Term } from "../../ui/term";
import { WaterfallBar, waterfall } from "../../ui/waterfall";
import "./totals.css";

/** Characters of a day's figures that a panel of 380 px holds side by side. */
const MOST = 34;
/** Characters of one of them that its column holds; where nights are charged there is a column more. */
const COLUMN = 9;
const NARROW_COLUMN = 7;

type Mode = BotView["mode"];

export interface Context {
  /** The bots of one currency that its total adds up. */
  bots: readonly Bot[];
  states: States;
}

const stateOf = ({ states }: Context, bot: Bot): CardState | undefined => states.get(keyOf(bot));

/** The bot that is alone in a day, where the others are all named. */
function onlyOne(row: IndexDay, bots: readonly Bot[]): string | undefined {
  const missing = row.missing ?? [];
  const isKnown = missing.length === (row.missing_total ?? missing.length);
  const one = isKnown ? bots.find(({ bot }) => !missing.includes(bot)) : undefined;
  return one && nameOf(one);
}

/** Whose day it is: `orb_ny only`, `2 of 3 bots`, `4 bots`. */
export function dayLabel(day: string, row: IndexDay, context: Context): string {
  const of = row.bots + (row.missing_total ?? 0);
  const only = row.bots === 1 ? onlyOne(row, context.bots) : undefined;
  const who =
    row.bots === of
      ? (only ?? plural(of, "bot"))
      : only === undefined
        ? `${count(row.bots)} of ${plural(of, "bot")}`
        : `${only} only`;
  const held = context.bots.find((bot) => {
    const state = bot.day === day ? stateOf(context, bot) : undefined;
    return state?.held && state.attention;
  });
  const heldAt = instant(held?.as_of);
  return held && heldAt !== undefined ? `${who}, held at ${clock(heldAt)}` : who;
}

/** Who is left out of which day, and why, so that a reader knows what the rows lack. */
export function dayNotes(
  total: IndexTotal,
  { bots }: Context,
  sessions: Record<string, Session>,
  market: number | undefined,
): string {
  const groups = new Map<string, string[]>();
  const put = (what: string, name: string): void => void groups.set(what, [...(groups.get(what) ?? []), name]);
  const days = Object.entries(total.days ?? {});
  const newest = days.reduce((last, [day]) => (day > last ? day : last), "");
  const more: string[] = [];
  for (const [day, row] of days) {
    const missing = row.missing ?? [];
    for (const name of missing) {
      const bot = bots.find((each) => each.bot === name);
      const marked = bot?.day;
      const city = bot?.exchange ? sessions[bot.exchange]?.name : undefined;
      const called = nameOf({ bot: name });
      if (marked === undefined || bot?.day_pnl === undefined) put("| no daily result in the file.", called);
      else if (marked >= day) put(`${dayName(day, market)}: without | .`, called);
      else if (bot?.kind === "swing" && !bot.foreign && day === newest)
        put(`|report|after the${city ? ` ${city}` : ""} close.`, called);
      else put(`|newest result of ${dayName(marked, market)}.`, called);
    }
    const rest = (row.missing_total ?? 0) - missing.length;
    if (rest > 0) more.push(`${dayName(day, market)}: without ${plural(rest, "more bot")}.`);
  }
  const named = [...groups].map(([what, names]) => {
    const [before = "", after = "", last] = what.split("|");
    const who = listed([...new Set(names)]);
    if (last !== undefined) return `${who} ${names.length > 1 ? after : `${after}s`} ${last}`;
    return before ? `${before}${who}${after.trim()}` : `${who}: ${after.trim()}`;
  });
  return [...named, ...more].join(" ");
}

function Flag({ context }: { context: Context }) {
  const troubled = context.bots.map((bot) => stateOf(context, bot)).filter((state) => state?.attention === true);
  const worst = troubled[0];
  if (!worst) return null;
  const word = troubled.every((state) => state?.word === worst.word) ? worst.word : "held";
  return (
    <span className="flag">
      <Icon name={iconOf(worst)} />
      {count(troubled.length)} {word}
    </span>
  );
}

interface Day {
  day: string;
  row: IndexDay;
  shape: ReturnType<typeof waterfall>;
}

/** Gross to net of a day; `hasBorrow` where one of the days was charged for nights. */
function columnsOf(
  unit: Unit,
  context: Context,
  { market, sessions, still }: Pick<ReturnType<typeof useDesk>, "market" | "sessions" | "still">,
  hasBorrow: boolean,
): Column<Day>[] {
  const isOpen = ({ day }: Day): boolean =>
    context.bots.some((bot) => bot.day === day && isDayOpen(bot, sessions, market));
  const part = (
    term: TermName,
    name: string,
    kind: "gross" | "fees" | "slippage" | "borrow",
    text: (row: IndexDay) => string,
  ): Column<Day> => ({
    name,
    term,
    label: name,
    ...(kind !== "gross" && { cellClass: "soft" }),
    cell: ({ row, shape }) => (
      <>
        <WaterfallBar shape={shape} kind={kind} />
        <span className="figure">{text(row)}</span>
      </>
    ),
  });
  return [
    {
      name: "Day P&L",
      term: "Day P&L",
      cell: (of) => (
        <>
          {dayName(of.day, market)}
          <small>
            {isOpen(of) && "so far, "}
            {dayLabel(of.day, of.row, context)}
          </small>
        </>
      ),
    },
    part("Gross", "Gross", "gross", (row) => moneyChange(row.gross, unit)),
    part("Fees", "− Fees", "fees", (row) => cost(row.fees, unit)),
    part("Slippage", "− Slippage", "slippage", (row) => cost(row.slippage, unit)),
    ...(hasBorrow ? [part("Borrow", "− Borrow", "borrow", (row) => cost(row.borrow ?? 0, unit))] : []),
    {
      name: "= Net",
      term: "Net",
      label: "= Net",
      cell: ({ row, shape }) => (
        <>
          <WaterfallBar shape={shape} kind="net" />
          <span className="figure net">
            <Net of={unit} value={row.net} still={still} />
          </span>
        </>
      ),
    },
  ];
}

interface PanelProps {
  total: IndexTotal;
  context: Context;
  /** Where it is not the desk's. */
  mode?: Mode | undefined;
}

function TotalPanel({ total, context, mode }: PanelProps) {
  const desk = useDesk();
  const { market, sessions, still } = desk;
  const held = context.bots.some((bot) => stateOf(context, bot)?.held === true);
  const days = Object.entries(total.days ?? {}).sort(([a], [b]) => byName(b, a));
  const hasBorrow = days.some(([, row]) => (row.borrow ?? 0) > 0);
  const isWide = days.some(([, { gross, fees, slippage, borrow, net }]) => {
    const parts = [
      moneyChange(gross, total),
      cost(fees, total),
      cost(slippage, total),
      hasBorrow ? cost(borrow, total) : "",
    ];
    const room = hasBorrow ? NARROW_COLUMN : COLUMN;
    return parts.some((part) => part.length > room) || isLong(MOST, ...parts, moneyChange(net, total));
  });
  const notes = dayNotes(total, context, sessions, market);
  return (
    <section className="panel total" aria-label={`${total.currency} total${mode ? `, ${mode}` : ""}`}>
      <header>
        <h3>
          {total.currency} {mode && <small>{mode}</small>}
        </h3>
        <span className="soft">{plural(total.bots, "bot")}</span>
        <Flag context={context} />
      </header>
      <div className="lead">
        <p className="big">
          <Money of={total} value={total.equity} held={held} still={still} />
        </p>
        {total.drawdown !== undefined && (
          <p className="drawdown">
            <small>
              <Term name="Drawdown">drawdown</Term>
            </small>{" "}
            <Value>{fall(total.drawdown)}</Value> <small>{total.drawdown > 0 && peakText(total.peak_at, market)}</small>
            {total.max_drawdown !== undefined && (
              <small className="most">
                max <Value>{fall(total.max_drawdown)}</Value> {sinceText(total.drawdown_since, market)}
                {total.is_at_closes && ", at closes"}
              </small>
            )}
          </p>
        )}
      </div>
      <p className="sum">
        {sumText(total.cash, total.positions_value, total).map((part) => (
          <span key={part}>{part}</span>
        ))}
        {total.start_equity !== undefined && <span>start {money(total.start_equity, total)}</span>}
        {total.net !== undefined && (
          <span className="since">
            net <Net of={total} value={total.net} held={held} still={still} /> since start
          </span>
        )}
      </p>
      {days.length > 0 ? (
        <Table
          className={`days${hasBorrow ? " with-borrow" : ""}${isWide ? " long" : ""}`}
          columns={columnsOf(total, context, desk, hasBorrow)}
          rows={days.map(([day, row]): Day => ({ day, row, shape: waterfall(row, total) }))}
          keyOf={({ day }) => day}
        />
      ) : (
        <p className="none">No daily results yet.</p>
      )}
      <p className="note">
        {notes || `Cash + positions = equity; gross − fees − slippage${hasBorrow ? " − borrow" : ""} = net.`}
      </p>
    </section>
  );
}

/** Currencies with the most bots first. */
export const Totals = memo(function Totals({
  totals,
  apart,
  mode,
  bots,
  states,
}: {
  totals: BotsTotals["totals"];
  /** Of live or paper bots beside a desk of another mode. */
  apart?: BotsTotals["totals_apart"] | undefined;
  /** Of the desk: bots of another are in totals of their own. */
  mode: BotsTotals["mode"];
  bots: readonly Bot[];
  states: States;
}) {
  const panels = [[undefined, totals] as const, ...Object.entries(apart ?? {})].flatMap(([other, found]) =>
    Object.values(found ?? {})
      .sort((a, b) => b.bots - a.bots || byName(a.currency, b.currency))
      .map((total) => ({ total, mode: other as Mode | undefined })),
  );
  if (panels.length === 0) return null;
  const context = (total: IndexTotal, of: Mode | undefined): Context => ({
    bots: bots.filter((bot) => bot.mode === of && bot.currency === total.currency),
    states,
  });
  return (
    <section className="totals" aria-label="Totals by currency">
      <h2 className="spoken">Totals by currency</h2>
      {panels.map(({ total, mode: other }) => (
        <TotalPanel
          key={`${other} ${total.currency}`}
          total={total}
          mode={other}
          context={context(total, other ?? mode)}
        />
      ))}
    </section>
  );
});
