/** The machines whose bots the desk shows, on the System page. */

import type { MachineState } from "../../api/schema";
import { count, decimal } from "../../lib/money";
import { instant } from "../../lib/time";
import { Age } from "../../ui/age";
import { NoData } from "../../ui/number";
import { milliseconds, type Row, TablePanel } from "./part";

function Seconds({ value }: { value: number | undefined }) {
  return value === undefined ? <NoData /> : `${value > 0 ? "+" : value < 0 ? "−" : ""}${decimal(Math.abs(value), 3)} s`;
}

function machineRow([name, machine]: [string, MachineState], fetchedAt: number | undefined): Row {
  const { held, proved_age_s: age, clock_offset_s: offset, lag_s: lag, round_trip_s: trip, relay, sentence } = machine;
  const at = instant(machine.relay_at);
  return {
    key: name,
    plain: [name, held ? "held" : "live", age, offset, lag, trip, relay, machine.bots, sentence, fetchedAt],
    cells: [
      name,
      held ? (
        <b key="state" className="attention-text">
          held
        </b>
      ) : (
        "live"
      ),
      age === undefined || fetchedAt === undefined ? (
        <NoData key="age" />
      ) : (
        <Age key="age" at={fetchedAt - age * 1000} isOwn />
      ),
      <Seconds key="offset" value={offset} />,
      lag === undefined ? <NoData key="lag" /> : milliseconds(lag * 1000),
      trip === undefined ? <NoData key="trip" /> : milliseconds(trip * 1000),
      relay === undefined ? (
        <NoData key="relay" />
      ) : (
        <span key="relay">
          {relay === "running" ? relay : "trouble"}
          {at !== undefined && (
            <small>
              {" "}
              <Age at={at} /> ago
            </small>
          )}
        </span>
      ),
      count(machine.bots),
      sentence || "",
    ],
  };
}

export function MachinePanel({
  machines,
  fetchedAt,
}: {
  machines: Record<string, MachineState>;
  /** Wall time at which they were fetched, ms. */
  fetchedAt: number | undefined;
}) {
  return (
    <TablePanel
      id="machines-title"
      title="Machines"
      note="as this desk hears of them"
      head={[
        ["Machine"],
        ["State"],
        ["Proved, ago"],
        ["Clock offset"],
        ["Lag"],
        ["Round trip"],
        ["Relay"],
        ["Bots"],
        ["What is wrong"],
      ]}
      rows={Object.entries(machines).map((each) => machineRow(each, fetchedAt))}
      none="No machines yet."
    />
  );
}
