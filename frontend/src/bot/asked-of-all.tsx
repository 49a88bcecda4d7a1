/** What is asked of all bots: a kill switch that is thrown, or a request that is not done. Absent when nothing is. */

import type { Asked } from "../api/schema";
import { useTicking } from "../lib/ticker";
import { instant } from "../lib/time";
import { Ago } from "../ui/age";
import { Icon } from "../ui/icon";
import { pendingRequest, pendingText, whoText } from "./asked";
import { ClearAll } from "./controls";
import { KILL_PROMISE } from "./promise";
import { ended } from "./sentence";
import "./asked-of-all.css";
import type { Bot } from "../lib/bot";

/** Requests to the replay have their own place in the top bar. */
const OF_REPLAY = ["speed", "jump", "admit"];

export function AskedOfAll({ asked, bots }: { asked: Asked | undefined; bots: readonly Bot[] }) {
  const request = useTicking((now) => {
    const pending = pendingRequest(asked, now);
    if (!pending || OF_REPLAY.includes(pending.what)) return "";
    const { strong, rest } = pendingText(pending, now);
    return `${pending.isOverdue ? "attention" : "calm"}\n${strong}\n${rest}`;
  });
  const [tone, strong, rest] = request.split("\n");
  const { kill } = asked ?? {};
  const at = instant(kill?.killed_at);
  return (
    <>
      {kill && (
        <section className="notice asked attention" aria-label="Kill switch of all bots">
          <Icon name="bar" />
          <p>
            <b>
              {bots.some((bot) => bot.machine)
                ? "The kill switch of all bots is on"
                : "All bots are stopped by the kill switch"}
            </b>
            {kill.killed_by && `, pressed by ${whoText(kill.killed_by)}`}
            {at !== undefined && (
              <>
                {" "}
                <Ago at={at} />
              </>
            )}
            . {kill.reason && ended(kill.reason)} {KILL_PROMISE}
          </p>
          <ClearAll bots={bots} />
        </section>
      )}
      {request && (
        <p className={`notice asked ${tone}`}>
          <span>
            All bots: <b>{strong}</b> {rest}
          </span>
        </p>
      )}
    </>
  );
}
