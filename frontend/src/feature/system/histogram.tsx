/** A histogram as bars with their counts: how many fell into each class. */

import { count, plural } from "../../lib/money";
import { Table } from "../../ui/table";

interface Props {
  /** What is counted, for readers. */
  name: string;
  /** Name of each class, one for each count. */
  classes: readonly string[];
  counts: readonly number[];
}

export function Histogram({ name, classes, counts }: Props) {
  const most = Math.max(1, ...counts);
  const total = counts.reduce((sum, each) => sum + each, 0);
  return (
    <Table
      className="histogram"
      label={`${name}, ${plural(total, "time")}`}
      hasHead={false}
      rows={classes.map((label, index) => ({ label, value: counts[index] ?? 0 }))}
      keyOf={({ label }) => label}
      columns={[
        { name: "class", cell: ({ label }) => label },
        {
          name: "bar",
          cellClass: "bar-cell",
          cell: ({ value }) => (
            <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
              <rect width={(100 * value) / most} height="10" />
            </svg>
          ),
        },
        { name: "count", cell: ({ value }) => (value > 0 ? count(value) : <span className="spoken">0</span>) },
      ]}
    />
  );
}
