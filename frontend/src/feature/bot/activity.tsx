/** Trades, orders, fills and decisions of any day that is kept: sorted, filtered, by page; a row opens to what is behind. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { BotDays, BotView } from "../../api/schema";
import type { Cell } from "../../lib/csv";
import { count } from "../../lib/money";
import { dayName, instant, shortStamp, shownName, UTC } from "../../lib/time";
import { FilterField } from "../../ui/filter";
import { useDesk } from "../../ui/frame/desk";
import { LongTable } from "../../ui/long-table";
import { NoData } from "../../ui/number";
import { CsvButton, FetchState, Panel } from "../../ui/panel";
import { Sortable } from "../../ui/sortable";
import { Chain } from "./chain";
import { COLUMNS, filterRows, NEWEST_FIRST, type Part, type Row, rowDecimals, shownColumns, sortRows } from "./columns";
import { BySymbol } from "./symbols";
import { useRows } from "./use-rows";

export type View = Part | "symbols";

const VIEWS: readonly View[] = ["trades", "symbols", "orders", "fills", "decisions"];
const TITLES: Record<View, string> = {
  trades: "Closed trades",
  symbols: "By symbol",
  orders: "Orders",
  fills: "Fills",
  decisions: "Decisions",
};

const EMPTY: Record<Part, string> = {
  trades: "No closed trades",
  orders: "No orders",
  fills: "No fills",
  decisions: "No decisions",
};

export interface Chosen {
  part: View;
  day: string;
  symbol: string;
}

interface Props {
  bot: BotView;
  days: BotDays | undefined;
  chosen: Chosen;
  onChosen: (chosen: Chosen) => void;
}

export function Activity({ bot, days, chosen, onChosen }: Props) {
  const { market } = useDesk();
  const { day, symbol } = chosen;
  const part = chosen.part === "symbols" ? "trades" : chosen.part;
  const columns = COLUMNS[part];
  const found = useRows(bot.bot, part, day, symbol, bot.as_of);
  const { rows, fetched, isWhole } = found;
  const [sort, setSort] = useState(NEWEST_FIRST);
  const [filter, setFilter] = useState("");
  const [opened, setOpened] = useState("");
  const needsAll = chosen.part === "symbols" || filter !== "" || sort !== NEWEST_FIRST;
  const shown = sortRows(filterRows(rows, columns, filter), columns, sort);
  const seen = shownColumns(columns, rows);
  const decimals = rowDecimals(bot.tick, rows);
  const isAsked = needsAll && fetched.data !== undefined && !isWhole && !found.isBusy && found.failed === "";

  const choice = `${part} ${day} ${symbol}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another choice shows other rows
  useEffect(() => setOpened(""), [choice]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other columns cannot be sorted by this one
  useEffect(() => setSort(NEWEST_FIRST), [part]);
  const { loadAll } = found;
  const load = useRef(loadAll);
  load.current = loadAll;
  // what is sorted or summed has to be all that is kept, not the newest page of it
  useEffect(() => {
    if (isAsked) load.current().catch(() => undefined);
  }, [isAsked]);

  const broken = Object.entries(fetched.data?.errors ?? {});
  const where = [day && `on ${dayName(day, market, UTC)}`, symbol && `in ${symbol}`].filter(Boolean).join(" ");
  const head = ["id", "day", "ts", ...columns.map((column) => column.name)];
  const line = ([id, at, row]: Row): Cell[] => [id, at, row.ts, ...columns.map((column) => column.csv(row))];
  return (
    <Panel
      title="Activity"
      at={fetched.at}
      isOwn
      verb="read"
      held={fetched.error !== ""}
      className="activity"
      tools={
        <>
          {chosen.part !== "symbols" && (
            <FilterField what={TITLES[part].toLowerCase()} value={filter} onChange={setFilter} />
          )}
          <CsvButton
            of={`all ${TITLES[part].toLowerCase()}`}
            name={`aion-${bot.bot}-${part}.csv`}
            head={head}
            rows={async () => sortRows(filterRows(await loadAll(), columns, filter), columns, sort).map(line)}
          />
        </>
      }
    >
      <div className="activity-bar">
        <fieldset className="segments">
          <legend className="spoken">Show</legend>
          {VIEWS.map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="activity-part"
                checked={each === chosen.part}
                onChange={() => onChosen({ ...chosen, part: each })}
              />
              <span>{TITLES[each]}</span>
            </label>
          ))}
        </fieldset>
        <label className="choice">
          Day{" "}
          <select value={day} onChange={(event) => onChosen({ ...chosen, day: event.currentTarget.value })}>
            <option value="">all</option>
            {day && !days?.days?.[day] && <option value={day}>{day}</option>}
            {Object.keys(days?.days ?? {}).map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        {symbol && (
          <button type="button" className="button" onClick={() => onChosen({ ...chosen, symbol: "" })}>
            {symbol} only <span aria-hidden="true">×</span>
            <span className="spoken">: show all symbols</span>
          </button>
        )}
      </div>
      <FetchState fetched={fetched} what={TITLES[part].toLowerCase()} />
      {broken.map(([at, why]) => (
        <p key={at} className="fetch-state attention-text">
          {at}: {why}
        </p>
      ))}
      {fetched.data && shown.length === 0 && (
        <p className="none pad">
          {rows.length > 0
            ? `No match for “${filter}” in ${count(rows.length)}. Press Esc to clear the filter.`
            : `${EMPTY[part]} ${where || "yet"}.`}
        </p>
      )}
      {chosen.part === "symbols" && rows.length > 0 && (
        <BySymbol
          unit={bot}
          rows={rows}
          onSymbol={(wanted) => onChosen({ ...chosen, part: "trades", symbol: wanted })}
          isWhole={isWhole}
        />
      )}
      {chosen.part !== "symbols" && shown.length > 0 && (
        <LongTable
          box="table-box"
          name={`${TITLES[part]}, table`}
          className={`rows ${part}`}
          rows={shown}
          keyOf={([id]) => id}
          columns={[
            {
              name: "ts",
              head: `Time, ${shownName(market ?? 0)}`,
              cell: (row) => (
                <Opener
                  of={row}
                  isOpen={opened === row[0]}
                  onToggle={() => setOpened(opened === row[0] ? "" : row[0])}
                />
              ),
            },
            ...seen.map((column) => ({
              name: column.name,
              head: column.title,
              term: column.term,
              className: column.left ? "left" : undefined,
              cell: ([, , row]: Row) => column.cell(row, decimals, bot),
            })),
          ]}
          headOf={(column) => <Sortable key={column.name} column={column} sort={sort} onSort={setSort} />}
          rowClass={([id]) => (id === opened ? "open" : undefined)}
          after={([id, at]) =>
            id === opened && (
              <tr className="behind">
                <td colSpan={seen.length + 1}>
                  <Chain bot={bot} part={part} row={id} day={at} />
                </td>
              </tr>
            )
          }
        />
      )}
      <p className="more">
        {rows.length > 0 && (
          <small>
            {filter && chosen.part !== "symbols" && `${count(shown.length)} of `}
            {count(rows.length)} {isWhole ? "in all" : "loaded"}
            {sort === NEWEST_FIRST && chosen.part !== "symbols" ? ", newest first" : ""}
            {!isWhole && found.isBusy ? "; loading older ones." : "."}
          </small>
        )}
        {!isWhole && fetched.data && (
          <button type="button" className="button" disabled={found.isBusy} onClick={found.loadMore}>
            Older
          </button>
        )}
        {found.failed && <small className="attention-text">Could not load older ones: {found.failed}.</small>}
      </p>
    </Panel>
  );
}

function Opener({ of: [id, , row], isOpen, onToggle }: { of: Row; isOpen: boolean; onToggle: () => void }) {
  const { market } = useDesk();
  const at = instant(row.ts);
  return (
    <button type="button" className="opener" aria-expanded={isOpen} onClick={onToggle}>
      <span className="twist" aria-hidden="true" />
      {at === undefined ? <NoData /> : shortStamp(at, market)}
      <span className="spoken"> {"symbol" in row && row.symbol ? row.symbol : id}: what stands behind it</span>
    </button>
  );
}
