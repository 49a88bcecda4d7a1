import { percentChange } from "../../lib/percent";
import { shortStamp, shownName, shownZone, UTC } from "../../lib/time";
import { TableBox } from "../table";
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
    <TableBox
      box="curve-table"
      name={`Points of ${name}`}
      rows={rows.reverse()}
      keyOf={(row) => row.x}
      columns={[
        {
          name: "at",
          head: series.daily ? "Day, UTC" : shownName(now ?? 0),
          cell: (row) => shortStamp(row.x * 1000, now, series.daily ? UTC : shownZone()),
        },
        { name, cell: (row) => percentChange(row.bot ?? undefined) },
        { name: `hold ${holdName}`, cell: (row) => percentChange(row.hold ?? undefined) },
      ]}
    />
  );
}
