/** Who holds what: long, short, net and gross of each symbol over all bots, by currency. */

import { useState } from "preact/hooks";
import type { Exposure } from "../../api/schema";
import { count, money, plural } from "../../lib/money";
import { LongTable } from "../../ui/long-table";
import { Value } from "../../ui/number";
import { CsvButton } from "../../ui/panel";
import { type Sort, Sortable } from "../../ui/sortable";
import type { Column } from "../../ui/table";
import { heldBy } from "./words";

const NUMBERS = { Long: "long", Short: "short", Net: "net", Gross: "gross" } as const;

const figure = (name: keyof typeof NUMBERS): Column<Exposure> => ({
  name,
  cell: (row) => <Value>{money(row[NUMBERS[name]] ?? 0, row)}</Value>,
});

const COLUMNS: Column<Exposure>[] = [
  { name: "Symbol", cell: ({ symbol }) => <b>{symbol}</b> },
  { name: "Currency", cell: ({ currency }) => currency, className: "left" },
  figure("Long"),
  figure("Short"),
  { ...figure("Net"), head: "Net exposure" },
  figure("Gross"),
  {
    name: "Held by",
    className: "left who",
    cell: ({ bots, bots_total, unvalued }) => (
      <>
        {heldBy(bots ?? [], bots_total ?? 0)}
        {unvalued ? (
          <small className="attention-text block">{plural(unvalued, "position")} without a price: in no sum</small>
        ) : null}
      </>
    ),
  },
];

/** Rows in order; by money within their mode and currency. */
export function sorted(rows: readonly Exposure[], sort: Sort | undefined): Exposure[] {
  if (!sort) return [...rows];
  const turn = sort.down ? -1 : 1;
  const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const number = NUMBERS[sort.by as keyof typeof NUMBERS];
  return [...rows].sort((a, b) => {
    if (sort.by === "Symbol") return turn * text(a.symbol, b.symbol);
    if (sort.by === "Currency") return turn * text(a.currency, b.currency);
    if (sort.by === "Held by") return turn * ((a.bots_total ?? 0) - (b.bots_total ?? 0));
    return (
      text(a.mode, b.mode) ||
      text(a.currency, b.currency) ||
      (number ? turn * ((a[number] ?? 0) - (b[number] ?? 0)) : 0)
    );
  });
}

export function ExposurePanel({ exposure, total }: { exposure: readonly Exposure[]; total: number }) {
  const [sort, setSort] = useState<Sort>();
  return (
    <section className="panel bot-panel" aria-label="Exposure by symbol">
      <header>
        <h2>Exposure by symbol</h2>
        <small>
          {total > exposure.length
            ? `the first ${count(exposure.length)} of ${plural(total, "symbol")}`
            : plural(total, "symbol")}
        </small>
        {exposure.length > 0 && (
          <div className="tools">
            <CsvButton
              of="the exposure"
              name="aion-exposure.csv"
              head={["mode", "currency", "symbol", "long", "short", "net", "gross", "bots", "unvalued"]}
              rows={() =>
                exposure.map((row) => [
                  row.mode,
                  row.currency,
                  row.symbol,
                  row.long,
                  row.short,
                  row.net,
                  row.gross,
                  (row.bots ?? []).join(" "),
                  row.unvalued,
                ])
              }
            />
          </div>
        )}
      </header>
      {exposure.length > 0 ? (
        <LongTable
          box="table-box"
          name="Exposure by symbol, table"
          className="rows"
          columns={COLUMNS}
          rows={sorted(exposure, sort)}
          keyOf={({ mode, currency, symbol }) => `${mode} ${currency} ${symbol}`}
          headOf={(column) => <Sortable key={column.name} column={column} sort={sort} onSort={setSort} />}
        />
      ) : (
        <p className="note">No bot holds a position.</p>
      )}
    </section>
  );
}
