/** A bot as it was: the parts of its page that are made of one state, and none that is live or asks for anything. */

import { useMemo } from "preact/hooks";
import type { BotView, PastState } from "../../api/schema";
import { Signals } from "../../bot/signals";
import type { CardState } from "../../bot/state";
import { nameOf } from "../../lib/bot";
import { count } from "../../lib/money";
import { instant, shortStamp, shownName, stamp } from "../../lib/time";
import { type Desk, DeskContext } from "../../ui/frame/desk";
import { NoData } from "../../ui/number";
import { Panel } from "../../ui/panel";
import { TableBox } from "../../ui/table";
import { COLUMNS, type Row, rowDecimals, shownColumns } from "./columns";
import { Holdings } from "./holdings";
import { Figures } from "./page";
import { Performance } from "./performance";
import { Rebalance } from "./rebalance";
import { hasTargets } from "./targets";

const PAST: CardState = { kind: "ok", word: "past", held: false, attention: false };
const STATES = { active: "Active", paused: "Paused", stopped: "Stopped", error: "Error" } as const;

/** `bot` without what would be asked of the desk as it is now, or would count to now. */
function stillOf(bot: BotView): BotView {
  const { curve: _, ...more } = bot.more ?? {};
  return { ...bot, more, written_at: "" };
}

export function PastBot({ state, isLoading }: { state: PastState; isLoading: boolean }) {
  const bot = useMemo(() => stillOf(state.bot), [state]);
  const market = instant(bot.as_of);
  const desk = useMemo<Desk>(
    () => ({ sessions: {}, still: true, ...(market === undefined ? {} : { market }) }),
    [market],
  );
  const said = bot.state ?? "active";
  return (
    <DeskContext.Provider value={desk}>
      <div className={isLoading ? "past-bot loading" : "past-bot"} aria-busy={isLoading}>
        <section className="panel bot-head" aria-labelledby="bot-title">
          <header>
            <div>
              <h1 id="bot-title">
                {nameOf(bot)}
                {bot.machine && <small> on {bot.machine}</small>}
                {bot.foreign && <small> external</small>}
              </h1>
              <p className="soft">{bot.rule || bot.strategy?.replaceAll("_", " ")}</p>
            </div>
            <p className={said === "active" ? "soft" : "attention-text"}>
              <b>{STATES[said]}</b> then
              {bot.state_reason && `: ${bot.state_reason}`}
              {bot.paused && `; ${bot.paused}`}
              <br />
              <small>
                {bot.mode}, run {bot.run}, market time {market === undefined ? bot.as_of : stamp(market, undefined)}
              </small>
            </p>
          </header>
          {state.problem && <p className="pad attention-text">Partly read: {state.problem.reason}.</p>}
          <Figures bot={bot} state={PAST} />
        </section>
        <Performance bot={bot} state={PAST} session={undefined} problem={undefined} days={undefined} />
        <Holdings bot={bot} state={PAST} />
        {bot.kind === "swing" && hasTargets(bot) && <Rebalance bot={bot} state={PAST} />}
        <Rows bot={bot} part="trades" title="Closed trades" total={bot.trades_total} />
        <Rows bot={bot} part="fills" title="Fills" total={bot.fills_total} />
        <Panel title="Strength" asOf={bot.as_of} className="card">
          <Signals bot={bot} />
        </Panel>
      </div>
    </DeskContext.Provider>
  );
}

interface RowsProps {
  bot: BotView;
  part: "trades" | "fills";
  title: string;
  total: number | undefined;
}

/** The newest rows of a part that the state had, the newest first. */
function Rows({ bot, part, title, total }: RowsProps) {
  const rows: Row[] = Object.entries(bot[part] ?? {}).map(([id, row]) => [id, "", row] as Row);
  rows.sort(([, , a], [, , b]) => (instant(b.ts) ?? 0) - (instant(a.ts) ?? 0));
  const decimals = rowDecimals(bot.tick, rows);
  const market = instant(bot.as_of);
  const rest = (total ?? rows.length) - rows.length;
  return (
    <Panel title={title} asOf={bot.as_of}>
      {rows.length === 0 ? (
        <p className="none pad">None in this state.</p>
      ) : (
        <TableBox
          box="table-box"
          name={`${title}, table`}
          className={`rows ${part}`}
          rows={rows}
          keyOf={([id]) => id}
          columns={[
            {
              name: "ts",
              head: `Time, ${shownName(market ?? 0)}`,
              cell: ([, , row]: Row) => {
                const at = instant(row.ts);
                return at === undefined ? <NoData /> : shortStamp(at, market);
              },
            },
            ...shownColumns(COLUMNS[part], rows).map((column) => ({
              name: column.name,
              head: column.title,
              ...(column.term ? { term: column.term } : {}),
              ...(column.left ? { className: "left" } : {}),
              cell: ([, , row]: Row) => column.cell(row, decimals, bot),
            })),
          ]}
        />
      )}
      {rest > 0 && (
        <p className="more">
          <small>
            The newest {count(rows.length)} of {count(rows.length + rest)}.
          </small>
        </p>
      )}
    </Panel>
  );
}
