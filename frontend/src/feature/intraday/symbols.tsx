/** Symbols by strength of their signal: what the rule sees, what it asks for, and the bar it saw. */

import { useRef, useState } from "preact/hooks";
import type { SymbolView } from "../../api/schema";
import { type Cell, download, toCsv } from "../../lib/csv";
import { abbreviated, decimal, isNumber, plural, price, sharedDecimals } from "../../lib/money";
import { byName } from "../../lib/order";
import { typeset } from "../../lib/percent";
import { instant, shortStamp, shownName } from "../../lib/time";
import { FilterField } from "../../ui/filter";
import { useDesk } from "../../ui/frame/desk";
import { follow } from "../../ui/frame/top-bar";
import { Meter } from "../../ui/meter";
import { NoData, Value } from "../../ui/number";
import { type Column, Table } from "../../ui/table";
import { symbolHref } from "./day-panel";

type Named = [string, SymbolView];

/** Strongest first; those that ask for something before those that hold; a symbol without a signal comes last. */
export function byStrength(symbols: Record<string, SymbolView> | undefined): Named[] {
  const asks = (view: SymbolView): number => (view.signal && view.signal.action !== "hold" ? 1 : 0);
  return Object.entries(symbols ?? {}).sort(
    ([a, left], [b, right]) =>
      asks(right) - asks(left) || (right.signal?.confidence ?? -1) - (left.signal?.confidence ?? -1) || byName(a, b),
  );
}

/** Symbols whose name, exchange, action, rule, bot or reason hold every word of `filter`. */
export function filterSymbols(symbols: readonly Named[], filter: string): Named[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return symbols.filter(([name, view]) => {
    const { signal } = view;
    const text = [name, view.exchange, view.currency, signal?.action, signal?.strategy, signal?.bot, signal?.reason]
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** `now` in the order of `before` as far as that goes; what is new comes last. */
export function inOrder(now: readonly Named[], before: readonly string[]): Named[] {
  const place = (name: string): number => (before.includes(name) ? before.indexOf(name) : before.length);
  return [...now].sort(([a], [b]) => place(a) - place(b));
}

/** A number of the bar of a symbol, where it has one. */
export function barNumber(view: SymbolView, name: string): number | undefined {
  const value = view.bar?.[name];
  return isNumber(value) ? value : undefined;
}

/** `range_high` -> `range high`. */
export function featureName(name: string): string {
  return name.replaceAll("_", " ");
}

/** A feature with as many decimals as tell it apart: prices keep four at most, small ratios keep five. */
export function featureText(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value)) return decimal(value, 0);
  if (size >= 1000) return decimal(value, 1);
  if (size >= 1) return decimal(value, 2);
  return decimal(value, size >= 0.01 ? 4 : 5);
}

const HEAD = [
  "symbol",
  "exchange",
  "currency",
  "action",
  "strength",
  "entry",
  "strategy",
  "bot",
  "reason",
  "bar_ts",
  "open",
  "high",
  "low",
  "close",
  "volume",
];

function rows(symbols: readonly Named[]): Cell[][] {
  return symbols.map(([name, view]) => [
    name,
    view.exchange,
    view.currency,
    view.signal?.action,
    view.signal?.confidence,
    view.signal?.threshold,
    view.signal?.strategy,
    view.signal?.bot,
    view.signal?.reason,
    typeof view.bar?.ts === "string" ? view.bar.ts : undefined,
    ...["open", "high", "low", "close", "volume"].map((part) => barNumber(view, part)),
  ]);
}

const PRICES = ["open", "high", "low", "close"];
const PRICE_TERMS = ["Open", "High", "Low", "Close"] as const;

function barPrices(view: SymbolView): (number | undefined)[] {
  return PRICES.map((part) => barNumber(view, part));
}

/** What is seen of each symbol; `opened` are those whose features are shown. */
function columnsOf(
  market: number | undefined,
  opened: ReadonlySet<string>,
  toggle: (name: string) => void,
): Column<Named>[] {
  return [
    {
      name: "Symbol",
      cell: ([name, view]) => (
        <>
          <b>
            <a href={symbolHref(name)} onClick={follow}>
              {name}
            </a>
          </b>
          <small>{[view.exchange, view.currency].filter(Boolean).join(" ")}</small>
        </>
      ),
    },
    { name: "Action", cellClass: "action", cell: ([, { signal }]) => (signal ? signal.action : <NoData />) },
    {
      name: "Strength",
      term: "Strength",
      cellClass: "strength-cell",
      cell: ([, { signal }]) =>
        signal ? (
          <>
            <Meter value={signal.confidence} threshold={signal.threshold} />
            <b>{decimal(signal.confidence, 2)}</b>
          </>
        ) : (
          <NoData />
        ),
    },
    {
      name: "Reason",
      cellClass: "reason",
      cell: ([, { signal }]) => (
        <>
          {typeset(signal?.reason ?? "")}
          {signal && <small>{[signal.bot, featureName(signal.strategy ?? "")].filter(Boolean).join(", ")}</small>}
        </>
      ),
    },
    {
      name: "Bar",
      term: "Bar",
      head: `Bar, ${shownName(market ?? 0)}`,
      cellClass: "bar-time",
      cell: ([, view]) => {
        const at = typeof view.bar?.ts === "string" ? instant(view.bar.ts) : undefined;
        return at === undefined ? <NoData /> : shortStamp(at, market);
      },
    },
    ...PRICE_TERMS.map(
      (name, index): Column<Named> => ({
        name,
        term: name,
        cellClass: "bar-part",
        cell: ([, view]) => {
          const prices = barPrices(view);
          return <Value>{price(prices[index], sharedDecimals(view.tick, prices))}</Value>;
        },
      }),
    ),
    {
      name: "Volume",
      term: "Volume",
      cellClass: "bar-part",
      cell: ([, view]) => <Value>{abbreviated(barNumber(view, "volume"))}</Value>,
    },
    {
      name: "Features",
      term: "Features",
      cell: ([name, view]) => {
        const { length } = Object.keys(view.features ?? {});
        return (
          length > 0 && (
            <button
              type="button"
              className="quiet"
              aria-expanded={opened.has(name)}
              aria-controls={`features-${name}`}
              onClick={() => toggle(name)}
            >
              {plural(length, "feature")}
              <span className="spoken"> of {name}</span>
            </button>
          )
        );
      },
    },
  ];
}

function Features({ of: [name, view] }: { of: Named }) {
  return (
    <tr className="features" id={`features-${name}`}>
      <td colSpan={11}>
        <dl>
          {Object.entries(view.features ?? {}).map(([feature, value]) => (
            <div key={feature}>
              <dt>{featureName(feature)}</dt>
              <dd>{featureText(value)}</dd>
            </div>
          ))}
        </dl>
      </td>
    </tr>
  );
}

export function Symbols({
  symbols,
  cycle,
}: {
  symbols: Record<string, SymbolView> | undefined;
  cycle: string | undefined;
}) {
  const { market } = useDesk();
  const [filter, setFilter] = useState("");
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const all = byStrength(symbols);
  // rows keep their places while somebody is among them
  const [isUsed, setUsed] = useState({ byKey: false, byPointer: false });
  const places = useRef<string[]>([]);
  const isHeld = isUsed.byKey || isUsed.byPointer;
  if (!isHeld) places.current = all.map(([name]) => name);
  const shown = filterSymbols(isHeld ? inOrder(all, places.current) : all, filter);
  const toggle = (name: string): void => {
    const next = new Set(opened);
    if (!next.delete(name)) next.add(name);
    setOpened(next);
  };
  return (
    <section aria-labelledby="symbols-title">
      <div className="head">
        <h2 id="symbols-title">Signals</h2>
        <small>
          {filter ? `${shown.length} of ${plural(all.length, "symbol")}` : plural(all.length, "symbol")}, strongest
          first
          {cycle && (
            <>
              , cycle <code>{cycle}</code>
            </>
          )}
        </small>
        <div className="tools">
          <FilterField what="symbols" value={filter} onChange={setFilter} />
          <button
            type="button"
            className="button"
            onClick={() => download("aion-signals.csv", toCsv(HEAD, rows(shown)))}
          >
            CSV<span className="spoken"> of the signals</span>
          </button>
        </div>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard */}
      <section className="panel symbols" tabIndex={0} aria-label="Signals by strength">
        {all.length === 0 ? (
          <p className="none">No symbols yet. They appear after the first complete cycle.</p>
        ) : (
          <Table
            columns={columnsOf(market, opened, toggle)}
            rows={shown}
            keyOf={([name], index) => `${index} ${name}`} // a row made anew at its new place has not moved there
            after={(of) => opened.has(of[0]) && <Features of={of} />}
            body={{
              onFocusIn: () => setUsed((now) => ({ ...now, byKey: true })),
              onFocusOut: () => setUsed((now) => ({ ...now, byKey: false })),
              onPointerEnter: () => setUsed((now) => ({ ...now, byPointer: true })),
              onPointerLeave: () => setUsed((now) => ({ ...now, byPointer: false })),
            }}
          />
        )}
        {all.length > 0 && shown.length === 0 && <p className="none">No symbol matches “{filter}”.</p>}
      </section>
    </section>
  );
}
