/** A histogram as bars with their counts: how many fell into each class. */

import { count, plural } from "../../lib/money";

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
    <table className="histogram" aria-label={`${name}, ${plural(total, "time")}`}>
      <tbody>
        {classes.map((label, index) => {
          const value = counts[index] ?? 0;
          return (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td className="bar-cell">
                <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={(100 * value) / most} height="10" />
                </svg>
              </td>
              <td>{value > 0 ? count(value) : <span className="spoken">0</span>}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
