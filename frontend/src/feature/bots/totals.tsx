/** One panel a currency: what its bots are worth together, and each market day from gross to net. */

import type { BotView, DayTotal, Total } from "../../api/schema";
import { cost, isLong, moneyChange, plural } from "../../lib/money";
import { fall } from "../../lib/percent";
import { clock, dayName, instant } from "../../lib/time";
import { useDesk } from "../../ui/frame/desk";
import { Icon } from "../../ui/icon";
import { Money, Net, Value } from "../../ui/number";
import { WaterfallBar, waterfall } from "../../ui/waterfall";
import { iconOf } from "./chip";
import { peakText, sumText } from "./sentence";
import type { CardState } from "./state";

/** Characters of a day's figures that a panel of 380 px holds side by side. */
const MOST = 34;

interface Context {
  bots: Map<string, BotView>;
  states: Map<string, CardState>;
}

/** Whose day it is and whether it is over: `orb_ny, running`, `2 of 3 bots`, `final`. */
export function dayLabel(day: string, row: DayTotal, { bots, states }: Context): string {
  const of = row.bots.length + (row.missing?.length ?? 0);
  const who =
    row.bots.length === 1
      ? (row.bots[0] ?? "")
      : row.bots.length === of
        ? plural(of, "bot")
        : `${row.bots.length} of ${of} bots`;
  const members = row.bots.map((name) => ({ bot: bots.get(name), state: states.get(name) }));
  const held = members.find(({ bot, state }) => state?.held && state.attention && bot?.day === day);
  const heldAt = instant(held?.bot?.as_of);
  if (held && heldAt !== undefined) return `${who}, held at ${clock(heldAt)}`;
  const running = members.some(({ bot, state }) => bot?.kind === "intraday" && bot.day === day && state?.kind === "ok");
  return running ? `${who}, running` : who;
}

/** Who is left out of which day because it is not marked for it yet, so that a reader knows why the rows lack it. */
export function dayNotes(total: Total, context: Context, market: number | undefined): string {
  const groups = new Map<string, string[]>();
  for (const [day, row] of Object.entries(total.days ?? {})) {
    for (const name of row.missing ?? []) {
      const marked = context.bots.get(name)?.day;
      if (marked !== undefined && marked >= day) continue; // a later day is no lack
      const what = `${marked ? `marked for ${dayName(marked, market)}, ` : ""}not in ${dayName(day, market)}`;
      groups.set(what, [...(groups.get(what) ?? []), name]);
    }
  }
  if (groups.size === 0) return "";
  const notes = [...groups].map(([what, names]) => `${names.join(", ")}: ${what}.`);
  return `Only bots marked for the same day are summed. ${notes.join(" ")}`;
}

function Flag({ total, states }: { total: Total; states: Map<string, CardState> }) {
  const troubled = total.bots.map((name) => states.get(name)).filter((state) => state?.attention === true);
  const worst = troubled[0];
  if (!worst) return null;
  const word = troubled.every((state) => state?.word === worst.word) ? worst.word : "held";
  return (
    <span className="flag">
      <Icon name={iconOf(worst)} />
      {troubled.length} {word}
    </span>
  );
}

interface DayProps {
  day: string;
  row: DayTotal;
  context: Context;
  /** True where one of the days was charged for nights. */
  hasBorrow: boolean;
  still: boolean;
}

function DayRow({ day, row, context, hasBorrow, still }: DayProps) {
  const { market } = useDesk();
  const shape = waterfall(row);
  return (
    <tr>
      <th scope="row">
        {dayName(day, market)}
        <small>{dayLabel(day, row, context)}</small>
      </th>
      <td data-name="Gross">
        <WaterfallBar shape={shape} kind="gross" />
        <span className="figure">{moneyChange(row.gross)}</span>
      </td>
      <td className="soft" data-name="− Fees">
        <WaterfallBar shape={shape} kind="fees" />
        <span className="figure">{cost(row.fees)}</span>
      </td>
      <td className="soft" data-name="− Slippage">
        <WaterfallBar shape={shape} kind="slippage" />
        <span className="figure">{cost(row.slippage)}</span>
      </td>
      {hasBorrow && (
        <td className="soft" data-name="− Borrow">
          <WaterfallBar shape={shape} kind="borrow" />
          <span className="figure">{cost(row.borrow ?? 0)}</span>
        </td>
      )}
      <td data-name="= Net">
        <WaterfallBar shape={shape} kind="net" />
        <span className="figure net">
          <Net value={row.net} still={still} />
        </span>
      </td>
    </tr>
  );
}

function TotalPanel({ total, context }: { total: Total; context: Context }) {
  const { market, still } = useDesk();
  const held = total.bots.some((name) => context.states.get(name)?.held === true);
  const days = Object.entries(total.days ?? {}).sort(([a], [b]) => b.localeCompare(a));
  const hasBorrow = days.some(([, row]) => (row.borrow ?? 0) > 0);
  const isWide = days.some(([, { gross, fees, slippage, borrow, net }]) =>
    isLong(MOST, moneyChange(gross), cost(fees), cost(slippage), hasBorrow ? cost(borrow) : "", moneyChange(net)),
  );
  const notes = dayNotes(total, context, market);
  return (
    <section className="panel total" aria-label={`${total.currency} total`}>
      <header>
        <h3>{total.currency}</h3>
        <span className="soft">{plural(total.bots.length, "bot")}</span>
        <Flag total={total} states={context.states} />
      </header>
      <div className="lead">
        <p className="big">
          <Money value={total.equity} held={held} still={still} />
        </p>
        {total.drawdown !== undefined && (
          <p className="drawdown">
            <small>drawdown</small> <Value>{fall(total.drawdown)}</Value>{" "}
            <small>{total.drawdown > 0 && peakText(total.peak_at, market)}</small>
          </p>
        )}
      </div>
      <p className="sum">
        {sumText(total.cash, total.positions_value).map((part) => (
          <span key={part}>{part}</span>
        ))}
      </p>
      {days.length > 0 ? (
        <table className={`days${hasBorrow ? " with-borrow" : ""}${isWide ? " long" : ""}`}>
          <thead>
            <tr>
              <th scope="col">Day P&amp;L</th>
              <th scope="col">Gross</th>
              <th scope="col">− Fees</th>
              <th scope="col">− Slippage</th>
              {hasBorrow && <th scope="col">− Borrow</th>}
              <th scope="col">= Net</th>
            </tr>
          </thead>
          <tbody>
            {days.map(([day, row]) => (
              <DayRow key={day} day={day} row={row} context={context} hasBorrow={hasBorrow} still={still} />
            ))}
          </tbody>
        </table>
      ) : (
        <p className="none">No day has been marked yet.</p>
      )}
      <p className="note">
        {notes || `Cash + positions = equity; gross − fees − slippage${hasBorrow ? " − borrow" : ""} = net.`}
      </p>
    </section>
  );
}

/** Currencies with the most bots first. */
export function Totals({
  totals,
  bots,
  states,
}: {
  totals: readonly Total[];
  bots: readonly BotView[];
  states: Map<string, CardState>;
}) {
  if (totals.length === 0) return null;
  const context = { bots: new Map(bots.map((bot) => [bot.bot, bot])), states };
  const ordered = [...totals].sort((a, b) => b.bots.length - a.bots.length || a.currency.localeCompare(b.currency));
  return (
    <section className="totals" aria-label="Totals by currency">
      {ordered.map((total) => (
        <TotalPanel key={total.currency} total={total} context={context} />
      ))}
    </section>
  );
}
