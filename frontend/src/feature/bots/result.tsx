/** The end of a run: what each currency made against holding, and when the next run starts. */

import type { BotsTotals } from "../../api/schema";
import { totalReturn } from "../../bot/figure";
import { type Bot, keyOf, nameOf } from "../../lib/bot";
import { plural } from "../../lib/money";
import { percentChange, points, returnOn } from "../../lib/percent";
import { instant, stamp } from "../../lib/time";
import { Countdown } from "../../ui/age";
import { nextRun } from "../../ui/frame/mode-chip";
import { LongTable } from "../../ui/long-table";
import { Net, NetPercent, Value } from "../../ui/number";
import type { Column } from "../../ui/table";
import "./result.css";

/** How far a bot is ahead of holding the same names: a difference of two per cents, as a fraction. */
export function aheadOfHold(bot: Bot): number | undefined {
  const own = totalReturn(bot);
  const hold = returnOn(bot.hold_equity, bot.start_equity);
  return own === undefined || hold === undefined ? undefined : own - hold;
}

const BOX = 60; // bots from which on their table scrolls by itself
const COLUMNS: Column<Bot>[] = [
  {
    name: "Bot",
    cell: (bot) => (
      <>
        {nameOf(bot)} <small>{bot.currency}</small>
      </>
    ),
  },
  { name: "Net", term: "Net", cell: (bot) => <Net of={bot} value={bot.net} still /> },
  { name: "Return", term: "Return", cell: (bot) => <NetPercent value={totalReturn(bot)} /> },
  {
    name: "Hold",
    term: "Hold",
    cell: (bot) => <Value>{percentChange(returnOn(bot.hold_equity, bot.start_equity))}</Value>,
  },
  { name: "Vs hold", term: "Vs hold", cell: (bot) => <Value>{points(aheadOfHold(bot))}</Value> },
];

export default function Result({ head, bots }: { head: BotsTotals; bots: readonly Bot[] }) {
  const { clock, run } = head;
  const next = instant(clock?.next_run_at);
  const from = instant(clock?.data_from);
  const to = instant(clock?.data_to) ?? instant(clock?.market_time);
  return (
    <section className="panel result" aria-labelledby="result-title">
      <header>
        <h2 id="result-title">Run {run} has ended: no more data</h2>
        <p>
          {from !== undefined && `${stamp(from, undefined)} to `}
          {to !== undefined && `${stamp(to, undefined)}. `}
          {plural(bots.length, "bot")}. These are the final results.{" "}
          {next !== undefined && (
            <>
              <b>
                {nextRun(run).replace(/^[rn]/, (letter) => letter.toUpperCase())} starts <Countdown at={next} />
              </b>
              , with new accounts, ledger and files.
            </>
          )}
        </p>
      </header>
      <LongTable
        box={bots.length > BOX ? "long-list" : ""}
        name="Results of all bots"
        columns={COLUMNS}
        rows={bots}
        keyOf={keyOf}
      />
    </section>
  );
}
