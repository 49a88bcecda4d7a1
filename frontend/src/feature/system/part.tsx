/** Parts of the System page: a panel with a head, a figure, a table with its CSV. */

import type { ComponentChildren } from "preact";
import { type Cell, download, toCsv } from "../../lib/csv";
import { decimal } from "../../lib/money";
import type { TermName } from "../../lib/terms";
import { type Column, TableBox } from "../../ui/table";
import { Term } from "../../ui/term";

interface FigureProps {
  /** Its label, which the glossary explains. */
  name: TermName;
  children: ComponentChildren;
}

export function Figure({ name, children }: FigureProps) {
  return (
    <div>
      <dt>
        <Term name={name} />
      </dt>
      <dd>{children}</dd>
    </div>
  );
}

/** A fact in words, which needs no explanation. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** `1.4 ms`; three digits that matter. */
export function milliseconds(value: number): string {
  if (value > 0 && value < 0.005) return "< 0.01 ms";
  return `${decimal(value, value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
}

export interface Row {
  key: string;
  /** What is shown; the first heads the row. */
  cells: ComponentChildren[];
  /** What the CSV has. */
  plain: Cell[];
}

/** What heads a column, and the word of the glossary that explains it where one has to. */
export type Heading = readonly [name: string, term?: TermName];

interface TableProps {
  id: string;
  title: string;
  note?: ComponentChildren;
  /** Headings. */
  head: readonly Heading[];
  rows: readonly Row[];
  none: string;
  /** True for a panel that shares its row. */
  isNarrow?: boolean;
}

/** A panel with one table, offered as CSV; it scrolls by itself where it is too wide. */
export function TablePanel({ id, title, note, head, rows, none, isNarrow = false }: TableProps) {
  return (
    <section className={isNarrow ? "panel" : "panel wide-panel"} aria-labelledby={id}>
      <div className="panel-head">
        <h3 id={id}>{title}</h3>
        {note && <small>{note}</small>}
        {rows.length > 0 && (
          <button
            type="button"
            className="quiet"
            onClick={() =>
              download(
                `aion-${title.toLowerCase().replaceAll(" ", "-")}.csv`,
                toCsv(
                  head.map(([name]) => name),
                  rows.map((row) => row.plain),
                ),
              )
            }
          >
            CSV<span className="spoken"> of {title}</span>
          </button>
        )}
      </div>
      {rows.length === 0 ? (
        <p className="none">{none}</p>
      ) : (
        <TableBox
          box="scroll"
          name={title}
          rows={rows}
          keyOf={({ key }) => key}
          columns={head.map(
            ([name, term], index): Column<Row> => ({
              name,
              term,
              cell: ({ cells }) => cells[index],
            }),
          )}
        />
      )}
    </section>
  );
}
