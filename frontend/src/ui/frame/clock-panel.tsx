/** Behind the Mode chip: the zone of every time shown, and the controls of a replay. */

import { byName } from "../../lib/order";
import { LOCAL, setZone, useZone } from "../../lib/preference";
import { localZone, shownZone, UTC, zoneName } from "../../lib/time";
import { useDesk } from "./desk";
import type { Mode } from "./mode-chip";
import { Replay } from "./replay";

/** UTC, this machine's zone, and the zone of each exchange on the desk. */
export function zoneChoices(sessions: Record<string, { name?: string; timezone?: string }>): [string, string][] {
  const cities = new Map<string, string>();
  for (const { name, timezone } of Object.values(sessions)) {
    if (timezone && timezone !== UTC && !cities.has(timezone)) cities.set(timezone, name || timezone);
  }
  return [[UTC, UTC], [LOCAL, `This machine, ${localZone()}`], ...[...cities].sort((a, b) => byName(a[1], b[1]))];
}

export function ClockPanel({ mode }: { mode: Mode | undefined }) {
  const { sessions, market } = useDesk();
  const zone = useZone();
  const choices = zoneChoices(sessions);
  if (!choices.some(([value]) => value === zone)) choices.push([zone, zone]);
  return (
    <>
      {mode === "replay" && <Replay />}
      <h2>Time zone</h2>
      <label className="zone-choice">
        <span className="spoken">Time zone of all times</span>
        <select className="button" value={zone} onChange={(event) => setZone(event.currentTarget.value)}>
          {choices.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
        <small>{market !== undefined && zone !== UTC && `Times are ${zoneName(shownZone(), market)}.`}</small>
      </label>
    </>
  );
}
