/** What the watchdog finds wrong, on every page. */

import type { BotsPageBundle } from "../api/schema";
import { age } from "../lib/age";
import { plural } from "../lib/money";
import { useTicking } from "../lib/ticker";
import { instant } from "../lib/time";
import { Icon } from "./icon";

function Since({ at }: { at: number }) {
  return <>{useTicking((now) => age(now - at))}</>;
}

/** What is wrong beside the bots' data, which the attention line tells; absent when nothing is. */
export function WatchLine({ watch }: { watch: BotsPageBundle["watch"] }) {
  const alarms = Object.entries(watch?.alarms ?? {}).filter(([, alarm]) => !alarm.bot);
  if (alarms.length === 0) return null;
  return (
    <section className="attention-line" aria-labelledby="watch-title">
      <h2 id="watch-title">{plural(alarms.length, "alarm")}</h2>
      <ul>
        {alarms.map(([key, alarm]) => (
          <li key={key}>
            <Icon name={alarm.level === "error" ? "broken" : "clock"} />
            <span>
              {alarm.text} (for <Since at={instant(alarm.since) ?? 0} />)
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
