/** Ratios of a bot's days, and its closed trades by what they have in common; asked for when it is near the screen. */

import { useRef, useState } from "preact/hooks";
import type { Analysis, BotView, Ratios, TradeFigures } from "../../api/schema";
import { count, decimal, plural, type Unit } from "../../lib/money";
import { fall, percent, percentChange } from "../../lib/percent";
import type { TermName } from "../../lib/terms";
import { dayName, shownZone, UTC } from "../../lib/time";
import { useFetched } from "../../lib/use-fetched";
import { useNear } from "../../lib/use-near";
import { wear } from "../../lib/wear";
import { useDesk } from "../../ui/frame/desk";
import { Net, Value } from "../../ui/number";
import { CsvButton, FetchState, Panel } from "../../ui/panel";
import { type Column, TableBox } from "../../ui/table";
import { Term } from "../../ui/term";
import { ENOUGH, type GroupRow, lineOf, rowsOf, spanText, VIEWS, type View } from "./analysis";
import css from "./analysis-panel.css?inline";

wear(css);

const HEADS: Partial<Record<View, string>> = { Hour: "Hour of opening", Weekday: "Weekday of opening" };
const WIDTH = 1000;
const HEIGHT = 90;

interface Props {
  bot: BotView;
}

export default function AnalysisPanel({ bot }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const wasNear = useRef(false);
  wasNear.current = useNear(host) || wasNear.current;
  const zone = shownZone();
  const url = `/api/bots/${encodeURIComponent(bot.bot)}/analysis?zone=${encodeURIComponent(zone)}`;
  const fetched = useFetched<Analysis>(wasNear.current ? url : undefined, `${bot.run} ${bot.day} ${bot.trades_total}`);
  const [view, setView] = useState<View>("Result");
  const found = fetched.data;
  const rows = found ? rowsOf(found, view) : [];
  return (
    <div ref={host} className="analysis">
      <Panel
        title="Analysis"
        at={fetched.at}
        isOwn
        verb="read"
        held={fetched.error !== ""}
        tools={
          rows.length > 0 && (
            <CsvButton
              of={`trades by ${view.toLowerCase()}`}
              name={`aion-${bot.bot}-by-${view.toLowerCase().replace(" ", "-")}.csv`}
              head={[view.toLowerCase(), "trades", "won", "net"]}
              rows={() => rows.map(({ name, trades, wins, net }) => [name, trades, wins, net])}
            />
          )
        }
      >
        {wasNear.current && <FetchState fetched={fetched} what="analysis" />}
        {found && (
          <>
            <Span found={found} />
            <Figures found={found} unit={bot} />
            <Rolling found={found} />
            <Trades found={found} rows={rows} view={view} onView={setView} unit={bot} />
          </>
        )}
      </Panel>
    </div>
  );
}

/** Of which days it is, and which of them could not be read. */
function Span({ found }: { found: Analysis }) {
  const { market } = useDesk();
  const broken = Object.entries(found.errors ?? {});
  if (!found.first || !found.last) return <p className="none pad">No day is kept yet.</p>;
  const part = found.total_days > found.days ? `, the newest of ${count(found.total_days)} that are kept` : "";
  return (
    <p className="analysis-span soft">
      {plural(found.days, "day")} from {dayName(found.first, market, UTC)} to {dayName(found.last, market, UTC)}
      {part}. Trades are net of all costs.
      {broken.length > 0 && (
        <span className="attention-text" title={broken.map(([day, why]) => `${day}: ${why}`).join("\n")}>
          {" "}
          {plural(broken.length, "day")} could not be read in full:{" "}
          {broken
            .slice(0, 3)
            .map(([day]) => day)
            .join(", ")}
          {broken.length > 3 && " and more"}.
        </span>
      )}
    </p>
  );
}

interface FigureProps {
  term: TermName;
  text: string;
  /** How many there are of what it needs `ENOUGH` of. */
  of: number;
  unit: "return" | "trade";
  small?: string | undefined;
}

/** A ratio, or how far its sample is from saying anything. */
function Figure({ term, text, of, unit, small }: FigureProps) {
  return (
    <div>
      <dt>
        <Term name={term} />
      </dt>
      <dd>
        {text ? (
          <Value>{text}</Value>
        ) : (
          <span className="few">{of < ENOUGH ? `${of} of ${ENOUGH} ${unit}s` : "not defined"}</span>
        )}{" "}
        {small && <small>{small}</small>}
      </dd>
    </div>
  );
}

function Figures({ found, unit }: { found: Analysis; unit: Unit }) {
  const { ratios, trades } = found;
  return (
    <dl className="figures">
      <Returns ratios={ratios} />
      <Results trades={trades} unit={unit} />
    </dl>
  );
}

function Returns({ ratios }: { ratios: Ratios }) {
  const { returns, best, worst } = ratios;
  const of = { of: returns, unit: "return" } as const;
  const year = `${ratios.periods_a_year} days a year`;
  const growth = ratios.annual_growth === undefined ? "" : percentChange(ratios.annual_growth);
  return (
    <>
      <Figure term="Sharpe" text={decimal(ratios.sharpe, 2)} {...of} small={year} />
      <Figure term="Sortino" text={decimal(ratios.sortino, 2)} {...of} />
      <Figure term="Volatility" text={percent(ratios.volatility)} {...of} small="a year" />
      <div>
        <dt>
          <Term name="Calmar" />
        </dt>
        <dd>
          {growth ? <Value>{decimal(ratios.calmar, 2)}</Value> : <span className="few">needs half a year</span>}{" "}
          <small>{growth && `growth ${growth} a year`}</small>
        </dd>
      </div>
      <div>
        <dt>
          <Term name="Drawdown">Largest drawdown</Term>
        </dt>
        <dd>
          <Value>{fall(ratios.max_drawdown)}</Value>{" "}
          <small>
            {ratios.longest_drawdown_days
              ? `longest ${plural(ratios.longest_drawdown_days, "day")}`
              : "at daily closes"}
          </small>
        </dd>
      </div>
      <div>
        <dt>Days up</dt>
        <dd>
          <Value>{returns > 0 ? `${count(ratios.up_days)} of ${count(returns)}` : ""}</Value>{" "}
          <small>{best && worst && `best ${percentChange(best.value)}, worst ${percentChange(worst.value)}`}</small>
        </dd>
      </div>
    </>
  );
}

function Results({ trades, unit }: { trades: TradeFigures; unit: Unit }) {
  const of = { of: trades.trades, unit: "trade" } as const;
  const mean = trades.expectancy;
  return (
    <>
      <div>
        <dt>
          <Term name="Expectancy" />
        </dt>
        <dd>
          {mean === undefined ? (
            <span className="few">
              {trades.trades < ENOUGH ? `${trades.trades} of ${ENOUGH} trades` : "not defined"}
            </span>
          ) : (
            <Net of={unit} value={mean} />
          )}{" "}
          <small>a trade</small>
        </dd>
      </div>
      <Figure term="Profit factor" text={decimal(trades.profit_factor, 2)} {...of} />
      <Figure term="Payoff" text={decimal(trades.payoff_ratio, 2)} {...of} small="mean win / mean loss" />
      <div>
        <dt>
          <Term name="Win rate" />
        </dt>
        <dd>
          {trades.win_rate === undefined ? (
            <span className="few">{`${trades.wins} of ${trades.trades} won`}</span>
          ) : (
            <Value>{percent(trades.win_rate, 0)}</Value>
          )}{" "}
          <small>{trades.longest_losing > 1 && `longest row of losses ${trades.longest_losing}`}</small>
        </dd>
      </div>
      <div>
        <dt>Largest win, loss</dt>
        <dd>
          <Net of={unit} value={trades.largest_win} /> <Net of={unit} value={trades.largest_loss} />
        </dd>
      </div>
      <div>
        <dt>Time in a trade</dt>
        <dd>
          <Value>{spanText(trades.median_duration_s)}</Value> <small>half are shorter</small>
        </dd>
      </div>
    </>
  );
}

/** The Sharpe ratio over the window before each day. */
function Rolling({ found }: { found: Analysis }) {
  const { market } = useDesk();
  const days = Object.keys(found.rolling_sharpe).sort();
  const line = lineOf(found.rolling_sharpe, WIDTH, HEIGHT);
  const [first, last] = [days[0], days.at(-1)];
  if (!line || !first || !last) {
    const { returns } = found.ratios;
    return (
      <p className="none pad">
        A rolling Sharpe ratio needs more than {found.window} returns in a row; there {returns === 1 ? "is" : "are"}{" "}
        {count(returns)}.
      </p>
    );
  }
  const low = decimal(line.lowest, 2);
  const high = decimal(line.highest, 2);
  const words = `lowest ${low}, highest ${high}, now ${decimal(found.rolling_sharpe[last], 2)}`;
  return (
    <figure className="rolling">
      <figcaption>
        <Term name="Sharpe">Sharpe ratio</Term> of {found.window} days <small>{words}</small>
      </figcaption>
      <svg
        viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`}
        preserveAspectRatio="none"
        height={HEIGHT}
        role="img"
        aria-label={`Rolling Sharpe ratio: ${words}`}
      >
        <line x1="0" x2={WIDTH} y1={line.zero} y2={line.zero} />
        <polyline points={line.points} />
      </svg>
      <p className="day-ends soft">
        <span>{dayName(first, market, UTC)}</span>
        <span>{dayName(last, market, UTC)}</span>
      </p>
    </figure>
  );
}

interface TradesProps {
  found: Analysis;
  rows: GroupRow[];
  view: View;
  onView: (view: View) => void;
  unit: Unit;
}

function Trades({ found, rows, view, onView, unit }: TradesProps) {
  if (found.trades.trades === 0) return <p className="none pad">No trade is closed yet.</p>;
  const most = Math.max(...rows.map(({ trades }) => trades));
  const hasNet = rows.some(({ net }) => net !== undefined);
  const columns: Column<GroupRow>[] = [
    {
      name: HEADS[view] ?? (view === "Result" ? `Result, ${unit.currency}` : view),
      cell: ({ name }) => name,
      className: "left",
    },
    { name: "Trades", cell: ({ trades }) => count(trades) },
    {
      name: "Share",
      className: "left share",
      cell: ({ trades, sign }) => (
        <svg
          className={sign < 0 ? "share down" : "share up"}
          viewBox="0 0 100 8"
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          <rect width={(trades / most) * 100} height="8" />
        </svg>
      ),
    },
    ...(hasNet
      ? [
          { name: "Won", cell: ({ trades, wins }: GroupRow) => `${count(wins)} of ${count(trades)}` },
          { name: "Net", term: "Net" as const, cell: ({ net }: GroupRow) => <Net of={unit} value={net} /> },
        ]
      : []),
  ];
  return (
    <>
      <fieldset className="segments views">
        <legend className="spoken">Show closed trades by</legend>
        {VIEWS.map((each) => (
          <label key={each}>
            <input type="radio" name="trades-by" checked={view === each} onChange={() => onView(each)} />
            <span>{each}</span>
          </label>
        ))}
      </fieldset>
      <TableBox
        box="table-box"
        name={`Closed trades by ${view.toLowerCase()}`}
        className="rows"
        columns={columns}
        rows={rows}
        keyOf={({ name }) => name}
      />
      {(view === "Hour" || view === "Weekday") && <p className="soft analysis-span">Times are in {found.zone}.</p>}
    </>
  );
}
