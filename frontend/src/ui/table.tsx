/** The one table of all pages: its columns are data; what stands in a cell is a function of its row. */

import { type ComponentChildren, Fragment, type JSX } from "preact";
import type { TermName } from "../lib/terms";
import { Term } from "./term";

export interface Column<T> {
  /** Names it: its heading, where there is no other. */
  name: string;
  /** What heads it; by default its name. */
  head?: ComponentChildren;
  /** Word of the glossary that its heading is explained by. */
  term?: TermName | undefined;
  /** Of which span its figures are, under the heading. */
  note?: string | undefined;
  cell: (row: T) => ComponentChildren;
  /** Classes of heading and cells: `left`, or those that hide it where there is no room. */
  className?: string | undefined;
  /** Classes of its cells in place of those. */
  cellClass?: string | ((row: T) => string | undefined);
  /** What a phone writes before the cell, where it shows rows as lists. */
  label?: string;
  /** What hovering over a cell says. */
  tip?: (row: T) => string | undefined;
}

interface Props<T> {
  columns: readonly Column<T>[];
  rows: readonly T[];
  /** Names a row; by default its place. */
  keyOf?: (row: T, index: number) => string | number;
  className?: string | undefined;
  /** What it is of, for readers, where no caption says it. */
  label?: string;
  /** What it is of, above it. */
  caption?: ComponentChildren;
  /** False to leave out the headings. */
  hasHead?: boolean;
  /** False where the first cell of a row is one like the others. */
  hasRowHeads?: boolean;
  /** What heads a column in place of its name, such as a button to sort by. */
  headOf?: (column: Column<T>) => ComponentChildren;
  rowClass?: (row: T) => string | undefined;
  rowTip?: (row: T) => string | undefined;
  /** Cells in place of all of a row but the first; undefined to show those. */
  instead?: (row: T) => ComponentChildren | undefined;
  /** A row that follows another one, such as what is behind it. */
  after?: (row: T) => ComponentChildren;
  /** Rows after all others. */
  children?: ComponentChildren;
  foot?: ComponentChildren;
  body?: JSX.HTMLAttributes<HTMLTableSectionElement>;
}

function Head<T>({ name, head = name, term, note, className }: Column<T>) {
  return (
    <th scope="col" className={className}>
      {term ? <Term name={term}>{head}</Term> : head}
      {note && <small>{note}</small>}
    </th>
  );
}

export function Table<T>({
  columns,
  rows,
  keyOf = (_, index) => index,
  className,
  label,
  caption,
  hasHead = true,
  hasRowHeads = true,
  headOf = (column) => <Head {...column} key={column.name} />,
  rowClass,
  rowTip,
  instead,
  after,
  children,
  foot,
  body,
}: Props<T>) {
  const cell = (column: Column<T>, row: T, index: number) => {
    const { name, cellClass = column.className } = column;
    const classes = typeof cellClass === "function" ? cellClass(row) : cellClass;
    return hasRowHeads && index === 0 ? (
      <th key={name} scope="row" className={classes}>
        {column.cell(row)}
      </th>
    ) : (
      <td key={name} className={classes} title={column.tip?.(row)} data-name={column.label}>
        {column.cell(row)}
      </td>
    );
  };
  return (
    <table className={className} aria-label={label}>
      {caption && <caption className="spoken">{caption}</caption>}
      {hasHead && (
        <thead>
          <tr>{columns.map(headOf)}</tr>
        </thead>
      )}
      <tbody {...body}>
        {rows.map((row, index) => {
          const other = instead?.(row);
          const key = keyOf(row, index);
          return (
            <Fragment key={key}>
              <tr className={rowClass?.(row)} title={rowTip?.(row)}>
                {(other === undefined ? columns : columns.slice(0, 1)).map((column, place) => cell(column, row, place))}
                {other}
              </tr>
              {after?.(row)}
            </Fragment>
          );
        })}
        {children}
      </tbody>
      {foot && <tfoot>{foot}</tfoot>}
    </table>
  );
}

export interface BoxProps<T> extends Props<T> {
  /** Classes of the box. */
  box: string;
  /** What the box is, for readers. */
  name: string;
  isBusy?: boolean;
  /** What stands below the table in the box. */
  below?: ComponentChildren;
}

/** A table in a box that scrolls by itself where it is too wide or too long. */
export function TableBox<T>({ box, name, isBusy, below, ...table }: BoxProps<T>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section className={box} tabIndex={0} aria-label={name} aria-busy={isBusy}>
      <Table {...table} />
      {below}
    </section>
  );
}
