/** Bots side by side: their curves on one common span, what they make together, and how their days correlate. */

import { useMemo } from "preact/hooks";
import type { Comparison, Line } from "../../api/schema";
import { decimal, plural } from "../../lib/money";
import { fall, percentChange } from "../../lib/percent";
import type { Roster } from "../../lib/roster";
import { setQuery, useQuery } from "../../lib/route";
import { wallNow } from "../../lib/ticker";
import { useFetched } from "../../lib/use-fetched";
import { useId } from "../../lib/use-id";
import { NetPercent, NoData } from "../../ui/number";
import { FetchState, Panel } from "../../ui/panel";
import { type Column, TableBox } from "../../ui/table";
import { chosen, HEIGHT, KINDS, knownSince, MOST, pairOf, picture, reasons, WIDTH } from "./lines";

/** Milliseconds after which the desk is asked again: closes change once a day, the newest point with each write. */
const AGAIN_MS = 30_000;
const ROUTE = "/api/portfolio/compare?";

export function ComparePanel({ roster }: { roster: Roster }) {
  const query = useQuery();
  const bots = useMemo(() => [...new Set(roster.bots.map(({ bot }) => bot))].sort(), [roster.bots]);
  const named = chosen(query.get("compare"), bots);
  const hold = query.get("hold") ?? "";
  const url = named.length > 0 ? ROUTE + named.map((bot) => `bot=${encodeURIComponent(bot)}`).join("&") : undefined;
  const fetched = useFetched<Comparison>(url, `${Math.floor(wallNow() / AGAIN_MS)}`);
  const found = fetched.data;
  const id = useId();
  const choose = (bot: string, isOn: boolean): void =>
    setQuery({ compare: (isOn ? [...named, bot] : named.filter((each) => each !== bot)).join(",") || "-" });
  const kinds = new Map(found?.bots?.map(({ name }, index) => [name, KINDS[index] ?? ""]));
  const holdable = found?.bots?.filter(({ hold: held }) => held && Object.keys(held).length > 1) ?? [];
  return (
    <Panel title="Curves side by side" at={fetched.at} isOwn verb="read" className="side-by-side">
      <fieldset className="choices">
        <legend className="spoken">Bots that are compared, at most {MOST}</legend>
        {bots.map((bot) => (
          <label key={bot}>
            <input
              type="checkbox"
              checked={named.includes(bot)}
              disabled={!named.includes(bot) && named.length >= MOST}
              onChange={(event) => choose(bot, event.currentTarget.checked)}
            />
            {named.includes(bot) && kinds.has(bot) && <Swatch kind={kinds.get(bot) ?? ""} />}
            {bot}
          </label>
        ))}
      </fieldset>
      {named.length === 0 && <p className="note">Choose bots to compare.</p>}
      <FetchState fetched={fetched} what="curves" />
      {found && named.length > 0 && (
        <>
          {[...reasons(found.missing ?? {})].map(([why, bots]) => (
            <p key={why} className="note soft">
              Not shown: {bots.join(", ")}; {why}.
            </p>
          ))}
          {found.problem && <p className="note attention-text">Nothing is drawn: {found.problem}.</p>}
          {holdable.length > 0 && (
            <p className="note">
              <label htmlFor={id}>Benchmark </label>
              <select id={id} value={hold} onChange={(event) => setQuery({ hold: event.currentTarget.value })}>
                <option value="">none</option>
                {holdable.map(({ name }) => (
                  <option key={name} value={name}>
                    buy and hold of {name}
                  </option>
                ))}
              </select>
            </p>
          )}
          <Curves found={found} hold={hold} />
          <Figures found={found} />
          <Correlations found={found} />
        </>
      )}
    </Panel>
  );
}

function Swatch({ kind }: { kind: string }) {
  return (
    <svg className="swatch" viewBox="0 0 24 8" aria-hidden="true">
      <path className={kind} d="M0,4L24,4" />
    </svg>
  );
}

function Curves({ found, hold }: { found: Comparison; hold: string }) {
  const { lines, ticks } = useMemo(() => picture(found, hold), [found, hold]);
  if (lines.length === 0) return null;
  const said = `Growth of ${plural(found.bots?.length ?? 0, "bot")} from ${found.first} to ${found.last}`;
  return (
    <figure className="curves">
      <figcaption>
        Change since {found.first} <small>until {found.last}; deposits and withdrawals left out</small>
      </figcaption>
      <div>
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${said}. The table below has the figures.`}
        >
          {ticks.map(({ value, at }) => (
            <line key={value} x1="0" x2={WIDTH} y1={at * HEIGHT} y2={at * HEIGHT} />
          ))}
          {lines.map(({ name, kind, path }) => path && <path key={name} className={kind} d={path} />)}
        </svg>
        {ticks.map(({ value, at }) => (
          <span key={value} className="tick" style={{ top: `${at * 100}%` }}>
            {percentChange(value, Math.abs(value) < 0.01 && value !== 0 ? 1 : 0)}
          </span>
        ))}
      </div>
    </figure>
  );
}

function Figures({ found }: { found: Comparison }) {
  const rows = [...(found.bots ?? []), ...(found.together ?? [])];
  const columns: Column<Line>[] = [
    {
      name: "Bot",
      cell: (line) => (
        <>
          <Swatch kind={(line.bots?.length ?? 0) > 1 ? "together" : (KINDS[rows.indexOf(line)] ?? "")} />
          <b>{(line.bots?.length ?? 0) > 1 ? `${line.name}, together` : line.name}</b>
        </>
      ),
    },
    { name: "Currency", className: "left", cell: ({ currency }) => currency },
    {
      name: "Return",
      term: "Return",
      cell: ({ total_return }) => (total_return === undefined ? <NoData /> : <NetPercent value={total_return} />),
    },
    {
      name: "Max drawdown",
      cell: ({ max_drawdown }) => (max_drawdown === undefined ? <NoData /> : fall(max_drawdown)),
    },
    { name: "Known", className: "left", cell: (line) => <span className="soft">{knownSince(line, found)}</span> },
  ];
  return (
    <TableBox
      box="table-box"
      name="Curves side by side, table"
      className="rows"
      columns={columns}
      rows={rows}
      keyOf={({ name }) => name}
    />
  );
}

function Correlations({ found }: { found: Comparison }) {
  const names = (found.bots ?? []).map(({ name }) => name);
  if (names.length < 2 || found.first === undefined) return null;
  return (
    <>
      <h3>Correlation of daily returns</h3>
      <TableBox
        box="table-box"
        name="Correlation of daily returns, table"
        className="rows correlation"
        rows={names}
        keyOf={(name) => name}
        columns={[
          { name: "Bot", cell: (name: string) => <b>{name}</b> },
          ...names.map((other) => ({
            name: other,
            cell: (name: string) => <Correlation found={found} one={name} other={other} />,
          })),
        ]}
      />
      <p className="note soft">
        1: they always move together; 0: independently; −1: always against each other. At least ten common days are
        needed.
      </p>
    </>
  );
}

function Correlation({ found, one, other }: { found: Comparison; one: string; other: string }) {
  const pair = pairOf(found, one, other);
  if (!pair) return <span className="soft">·</span>;
  if (pair.value === undefined) return <span className="soft">{plural(pair.days, "day")}</span>;
  const part = Math.round(Math.abs(pair.value) * 40);
  const colour = pair.value < 0 ? "var(--dn)" : "var(--acc)";
  return (
    <span
      className="heat"
      style={{ background: `color-mix(in srgb, ${colour} ${part}%, transparent)` }}
      title={plural(pair.days, "day")}
    >
      {decimal(pair.value, 2)}
    </span>
  );
}
