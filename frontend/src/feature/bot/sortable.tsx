/** The heading of a column that can be sorted by: once the largest first, then the smallest. */

import type { ComponentChildren } from "preact";
import type { Sort } from "./columns";

interface Props {
  name: string;
  sort: Sort;
  onSort: (sort: Sort) => void;
  left?: boolean;
  children: ComponentChildren;
}

export function Sortable({ name, sort, onSort, left, children }: Props) {
  const isBy = sort.by === name;
  const order = isBy ? (sort.down ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" className={left ? "left" : undefined} aria-sort={order}>
      <button type="button" className="sorter" onClick={() => onSort({ by: name, down: !(isBy && sort.down) })}>
        {children}
        <span aria-hidden="true" className="sorted">
          {isBy ? (sort.down ? "↓" : "↑") : ""}
        </span>
      </button>
    </th>
  );
}
