/** The heading of a column that can be sorted by: once the largest first, then the smallest. */

import type { Column } from "./table";
import "./sortable.css";

export interface Sort {
  /** Name of the column. */
  by: string;
  /** True for the largest first. */
  down: boolean;
}

interface Props<T> {
  column: Column<T>;
  sort: Sort | undefined;
  onSort: (sort: Sort) => void;
}

export function Sortable<T>({ column: { name, head = name, term, note, className }, sort, onSort }: Props<T>) {
  const isBy = sort?.by === name;
  const order = isBy ? (sort?.down ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" className={className} aria-sort={order}>
      <button
        type="button"
        className={term ? "sorter term" : "sorter"}
        data-term={term}
        onClick={() => onSort({ by: name, down: !(isBy && sort?.down) })}
      >
        {head}
        <span aria-hidden="true" className="sorted">
          {isBy ? (sort?.down ? "↓" : "↑") : ""}
        </span>
      </button>
      {note && <small>{note}</small>}
    </th>
  );
}
