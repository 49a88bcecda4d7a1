/** Parts of the System page: a panel with a head, a figure, a table with its CSV. */

import type { ComponentChildren } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { type Cell, download, toCsv } from "../../lib/csv";
import { decimal } from "../../lib/money";
import type { TermName } from "../../lib/terms";
import { type Column, TableBox } from "../../ui/table";
import { Term } from "../../ui/term";
import { useSlice } from "../../ui/use-slice";

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
  readonly cells: ComponentChildren[];
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

const LONG = 60; // rows from which on a table scrolls by itself, and draws what is in sight of it
const GUESS = 32; // px of a row before one is drawn
const MARGIN = 240; // px around what is in sight

/** A panel with one table, offered as CSV; it scrolls by itself where it is too wide or too long. */
export function TablePanel({ id, title, note, head, rows, none, isNarrow = false }: TableProps) {
  const box = useRef<HTMLElement>(null);
  const host = useRef<HTMLTableSectionElement>(null);
  const isOn = rows.length > LONG;
  const keys = useMemo(() => rows.map(({ key }) => key), [rows]);
  const slice = useSlice(host, { keys, guess: GUESS, margin: MARGIN, isOn, isPrinted: true }, box);
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
          box={isOn ? "scroll long-list" : "scroll"}
          boxRef={box}
          slice={isOn ? { pieces: slice.pieces, host } : undefined}
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
