/** The one table of all pages: its columns are data; what stands in a cell is a function of its row. */

import type { ComponentChildren, JSX, RefObject } from "preact";
import { memo } from "../lib/memo";
import type { TermName } from "../lib/terms";
import { Term } from "./term";
import { LINE, type Piece } from "./use-slice";

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
  /** The part of the rows that is drawn; by default all. */
  slice?: { pieces: readonly Piece[]; host: RefObject<HTMLTableSectionElement> } | undefined;
}

function Head<T>({ name, head = name, term, note, className }: Column<T>) {
  return (
    <th scope="col" className={className}>
      {term ? <Term name={term}>{head}</Term> : head}
      {note && <small>{note}</small>}
    </th>
  );
}

type RowProps<T> = Pick<Props<T>, "columns" | "hasRowHeads" | "rowClass" | "rowTip" | "instead" | "after"> & {
  row: T;
  /** Key and place of a row of which not all are drawn. */
  line?: string | undefined;
  place?: number | undefined;
};

function Row<T>({ columns, row, hasRowHeads = true, rowClass, rowTip, instead, after, line, place }: RowProps<T>) {
  const other = instead?.(row);
  const shown = other === undefined ? columns : columns.slice(0, 1);
  return (
    <>
      <tr className={rowClass?.(row)} title={rowTip?.(row)} aria-rowindex={place} {...(line && { [LINE]: line })}>
        {shown.map((column, index) => {
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
        })}
        {other}
      </tr>
      {after?.(row)}
    </>
  );
}

/** Drawn again only when its row or the columns are others. */
const StillRow = memo(Row) as typeof Row;

export function Table<T>({
  columns,
  rows,
  keyOf = (_, index) => index,
  className,
  label,
  caption,
  hasHead = true,
  headOf = (column) => <Head {...column} key={column.name} />,
  children,
  foot,
  body,
  slice,
  ...each
}: Props<T>) {
  const { hasRowHeads, rowClass, rowTip, instead, after } = each;
  const one = { columns, hasRowHeads, rowClass, rowTip, instead, after };
  return (
    <table className={className} aria-label={label} aria-rowcount={slice && rows.length + Number(hasHead)}>
      {caption && <caption className="spoken">{caption}</caption>}
      {hasHead && (
        <thead>
          <tr aria-rowindex={slice && 1}>{columns.map(headOf)}</tr>
        </thead>
      )}
      <tbody {...body} {...(slice && { ref: slice.host })}>
        {slice
          ? slice.pieces.map((piece) =>
              "space" in piece ? (
                // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a cell without anything takes no focus
                <tr key={`space ${piece.key}`} className="space" aria-hidden="true">
                  <td colSpan={columns.length} style={{ height: `${piece.space}px` }} />
                </tr>
              ) : (
                rows.slice(piece.from, piece.to).map((row, index) => {
                  const at = piece.from + index;
                  const key = String(keyOf(row, at));
                  return <StillRow key={key} {...one} row={row} line={key} place={at + 1 + Number(hasHead)} />;
                })
              ),
            )
          : rows.map((row, index) => <StillRow key={keyOf(row, index)} {...one} row={row} />)}
        {children}
      </tbody>
      {foot && <tfoot>{foot}</tfoot>}
    </table>
  );
}

export interface BoxProps<T> extends Props<T> {
  /** The element of the box. */
  boxRef?: RefObject<HTMLElement>;
  /** Classes of the box. */
  box: string;
  /** What the box is, for readers. */
  name: string;
  isBusy?: boolean;
  /** What stands below the table in the box. */
  below?: ComponentChildren;
}

/** A table in a box that scrolls by itself where it is too wide or too long. */
export function TableBox<T>({ box, boxRef, name, isBusy, below, ...table }: BoxProps<T>) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section ref={boxRef ?? null} className={box} tabIndex={0} aria-label={name} aria-busy={isBusy}>
      <Table {...table} />
      {below}
    </section>
  );
}
