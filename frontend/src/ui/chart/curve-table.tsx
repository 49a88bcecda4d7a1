import { percentChange } from "../../lib/percent";
import { shortStamp, shownName, shownZone, UTC } from "../../lib/time";
import type { Series } from "./curve";

/** The points of a curve, newest first: the chart for those who would rather read it. */
export function CurveTable({
  name,
  holdName,
  series,
  now,
}: {
  name: string;
  holdName: string;
  series: Series;
  now: number | undefined;
}) {
  const rows = series.xs
    .map((x, index) => ({ x, bot: series.bot[index], hold: series.hold[index] }))
    .filter((row) => typeof row.bot === "number");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section className="curve-table" tabIndex={0} aria-label={`Points of ${name}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">{series.daily ? "Day, UTC" : shownName(now ?? 0)}</th>
            <th scope="col">{name}</th>
            <th scope="col">hold {holdName}</th>
          </tr>
        </thead>
        <tbody>
          {rows.reverse().map((row) => (
            <tr key={row.x}>
              <th scope="row">{shortStamp(row.x * 1000, now, series.daily ? UTC : shownZone())}</th>
              <td>{percentChange(row.bot ?? undefined)}</td>
              <td>{percentChange(row.hold ?? undefined)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
