/** What the watchdog of `aion up` says, on the System page. */

import type { Alarm, BotsPageBundle, Watched } from "../../api/schema";
import { plural } from "../../lib/money";
import { instant } from "../../lib/time";
import { Age } from "../../ui/age";
import { NoData } from "../../ui/number";
import { type Row, TablePanel } from "./part";

function Ago({ at }: { at: string | undefined }) {
  const ms = instant(at);
  return ms === undefined ? <NoData /> : <Age at={ms} />;
}

function processRows(watch: Watched): Row[] {
  return Object.entries(watch.processes ?? {}).map(([name, process]) => ({
    key: name,
    plain: [name, process.state, process.started_at, process.restarts, process.ended, process.ended_at],
    cells: [
      name,
      process.state === "running" ? (
        "running"
      ) : (
        <b key="state" className="attention-text">
          {process.state}
        </b>
      ),
      process.state === "running" ? <Ago key="up" at={process.started_at} /> : <NoData key="up" />,
      process.restarts ?? 0,
      process.ended || "",
      process.ended_at ? <Ago key="ended" at={process.ended_at} /> : "",
    ],
  }));
}

function alarmRow([key, alarm]: [string, Alarm]): Row {
  const isOver = alarm.cleared_at !== undefined;
  return {
    key: `${key} ${alarm.cleared_at ?? ""}`,
    plain: [alarm.text, alarm.kind, alarm.since, alarm.cleared_at, alarm.alerted_at],
    cells: [
      isOver ? (
        alarm.text
      ) : (
        <b key="text" className="attention-text">
          {alarm.text}
        </b>
      ),
      <Ago key="since" at={alarm.since} />,
      isOver ? <Ago key="cleared" at={alarm.cleared_at} /> : "ongoing",
    ],
  };
}

interface Props {
  watch: BotsPageBundle["watch"];
  /** Why its figures cannot be read, if they cannot. */
  problem?: string;
}

/** What stands where no alarm does: never that all is well while nobody can know. */
function noAlarm({ watch, problem }: Props): string {
  if (problem) return `Unknown: ${problem}`;
  return watch ? "No alarms." : "The watchdog is not running.";
}

export function WatchPanels({ watch, problem }: Props) {
  const now = Object.entries(watch?.alarms ?? {});
  const over = Object.entries(watch?.cleared ?? {});
  return (
    <>
      <TablePanel
        id="processes-title"
        title="Processes"
        note="supervised by aion up"
        head={[
          ["Process"],
          ["State"],
          ["Up for", "Up for"],
          ["Restarts", "Restarts"],
          ["Last exit"],
          ["Exited, ago", "Exited, ago"],
        ]}
        rows={watch ? processRows(watch) : []}
        none={
          problem
            ? `Unknown: ${problem}`
            : watch
              ? "Bots and desk run separately; the watchdog checks their files."
              : "No watchdog runs on this folder. Start aion up, or run aion watch beside aion run and aion serve."
        }
      />
      <TablePanel
        id="alarms-title"
        title="Watchdog"
        note={now.length > 0 ? `${plural(now.length, "alarm")} now` : undefined}
        head={[["Alarm"], ["Started, ago", "Started, ago"], ["Cleared, ago", "Cleared, ago"]]}
        rows={[...now, ...over].map(alarmRow)}
        none={noAlarm({ watch, problem })}
      />
    </>
  );
}
