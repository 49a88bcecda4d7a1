/** Net result of each market day as bars or a calendar, with the figures behind them as a table. */

import { useState } from "preact/hooks";
import type { BotDays, BotView } from "../../api/schema";
import { cost, count, moneyChange, type Unit } from "../../lib/money";
import { dayName, UTC } from "../../lib/time";
import type { Fetched } from "../../lib/use-fetched";
import { useDesk } from "../../ui/frame/desk";
import { Net, NoData, Value } from "../../ui/number";
import { CsvButton, FetchState, Panel } from "../../ui/panel";
import { type Column, TableBox } from "../../ui/table";
import { Calendar } from "./calendar";
import { barWords, type DayBar, dayBars } from "./span";

const SHOWN = 90; // bars that a panel's width still tells apart
const HEIGHT = 120;

const HEAD = ["day", "gross", "fees", "slippage", "borrow", "net", "fills", "closed_trades"];

const VIEWS = ["Bars", "Calendar", "Table"] as const;
type View = (typeof VIEWS)[number];

interface Props {
  bot: BotView;
  fetched: Fetched<BotDays>;
  /** Day whose rows are shown below, if one is chosen. */
  day: string;
  onDay: (day: string) => void;
}

function Bars({ bars, day, unit, onDay }: { bars: DayBar[]; day: string; unit: Unit; onDay: Props["onDay"] }) {
  const values = bars.map((bar) => bar.net ?? 0);
  const high = Math.max(0, ...values);
  const low = Math.min(0, ...values);
  // a bar of half the height where there is none beside it that would give it a scale
  const part = bars.length > 1 ? 1 : 0.5;
  const scale = high === low ? 0 : (part * (HEIGHT - 8)) / (high - low);
  const zero = 4 + (1 - part) * (low < 0 ? 0 : HEIGHT - 8) + high * scale;
  const step = 1000 / Math.max(bars.length, 12);
  const words = barWords(bars, unit);
  return (
    <svg className="day-bars" viewBox={`0 0 1000 ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={words}>
      {bars.map((bar, index) => {
        const net = bar.net ?? 0;
        const size = Math.max(net === 0 ? 0 : 1.5, Math.abs(net) * scale);
        const tone = bar.net === undefined ? "missing" : net < 0 ? "down" : "up";
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: a short cut of the mouse; the table does it for the keyboard
          <g key={bar.day} className={bar.day === day ? "chosen" : undefined} onClick={() => onDay(bar.day)}>
            <title>
              {bar.day}: {bar.net === undefined ? bar.error || "no result" : moneyChange(bar.net, unit)}
            </title>
            <rect className="hit" x={index * step} y="0" width={step} height={HEIGHT} />
            {bar.net === undefined ? (
              <rect className="missing" x={index * step + step * 0.18} y={zero - 2} width={step * 0.64} height="4" />
            ) : (
              <rect
                className={tone}
                x={index * step + step * 0.18}
                y={net < 0 ? zero : zero - size}
                width={step * 0.64}
                height={size}
              />
            )}
          </g>
        );
      })}
      <line x1="0" x2="1000" y1={zero} y2={zero} />
    </svg>
  );
}

export function Days({ bot, fetched, day, onDay }: Props) {
  const { market } = useDesk();
  const [view, setView] = useState<View>("Bars");
  const bars = dayBars(fetched.data);
  const hasBorrow = bars.some((bar) => (bar.borrow ?? 0) > 0);
  const shown = bars.slice(-SHOWN);
  const paid = (term: "Fees" | "Slippage" | "Borrow", value: (bar: DayBar) => number | undefined): Column<DayBar> => ({
    name: `− ${term}`,
    term,
    cellClass: "soft",
    cell: (bar) => <Value>{cost(value(bar), bot)}</Value>,
  });
  const columns: Column<DayBar>[] = [
    {
      name: "Day",
      cell: (bar) => (
        <button type="button" className="quiet" onClick={() => onDay(bar.day)}>
          {dayName(bar.day, market, UTC)}
          <span className="spoken">: show its rows</span>
        </button>
      ),
    },
    { name: "Gross", term: "Gross", cell: (bar) => <Value>{moneyChange(bar.gross, bot)}</Value> },
    paid("Fees", (bar) => bar.fees),
    paid("Slippage", (bar) => bar.slippage),
    ...(hasBorrow ? [paid("Borrow", (bar) => bar.borrow ?? 0)] : []),
    {
      name: "= Net",
      term: "Net",
      cell: (bar) => (bar.net === undefined ? <NoData /> : <Net of={bot} value={bar.net} />),
    },
    { name: "Fills", term: "Fill", cell: (bar) => count(bar.fills) },
  ];
  const first = shown[0];
  const last = shown.at(-1);
  return (
    <Panel
      title="Daily result"
      at={fetched.at}
      isOwn
      verb="read"
      held={fetched.error !== ""}
      className="daily"
      tools={
        bars.length > 0 && (
          <>
            <fieldset className="segments">
              <legend className="spoken">Show daily results as</legend>
              {VIEWS.map((each) => (
                <label key={each}>
                  <input type="radio" name="days-as" checked={view === each} onChange={() => setView(each)} />
                  <span>{each}</span>
                </label>
              ))}
            </fieldset>
            <CsvButton
              of="the daily results"
              name={`aion-${bot.bot}-days.csv`}
              head={HEAD}
              rows={() =>
                bars.map((bar) => [
                  bar.day,
                  bar.gross,
                  bar.fees,
                  bar.slippage,
                  bar.borrow,
                  bar.net,
                  bar.fills,
                  bar.trades,
                ])
              }
            />
          </>
        )
      }
    >
      <FetchState fetched={fetched} what="daily results" />
      {fetched.data && bars.length === 0 && <p className="none pad">No trading days yet.</p>}
      {first && view === "Calendar" && <Calendar bars={bars} unit={bot} day={day} onDay={onDay} />}
      {first && last && view === "Bars" && (
        <>
          <Bars bars={shown} day={day} unit={bot} onDay={onDay} />
          <p className="day-ends soft">
            <span>{dayName(first.day, market, UTC)}</span>
            <span>
              {bars.length > shown.length && `newest ${shown.length} of ${count(bars.length)} days · `}
              {dayName(last.day, market, UTC)}:{" "}
              {last.net === undefined ? "no result" : <Net of={bot} value={last.net} />}
            </span>
          </p>
        </>
      )}
      {first && view === "Table" && (
        <TableBox
          box="table-box tall"
          name="Daily results"
          className="rows"
          columns={columns}
          rows={[...bars].reverse()}
          keyOf={(bar) => bar.day}
          rowClass={(bar) => (bar.day === day ? "chosen" : undefined)}
          instead={(bar) =>
            bar.error ? (
              <td colSpan={columns.length - 1} className="attention-text">
                {bar.error}
              </td>
            ) : undefined
          }
        />
      )}
    </Panel>
  );
}
