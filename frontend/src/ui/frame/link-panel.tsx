/** Behind the Link chip: the three clocks side by side, and what the page does while no stream works. */

import type { ClockState } from "../../api/schema";
import { setAnnouncements, setToasts, useAnnouncements, useToasts } from "../../lib/preference";
import { instant, stamp } from "../../lib/time";
import { Term } from "../../ui/term";
import { Ago, Due } from "../age";
import { useDesk } from "./desk";
import type { Link } from "./link-chip";
import { PollChoice } from "./poll-choice";
import { WhoRow } from "./who";

/** When the bots wrote last and when the next of them is due; wall time, ms. */
export interface Heartbeat {
  writtenAt?: number;
  dueAt?: number;
  /** The bot that is due next. */
  bot?: string;
}

const HOW: Record<Link["state"], string> = {
  connecting: "connecting",
  streaming: "live updates",
  polling: "refreshing on a timer",
  offline: "no connection",
};

/** What is to know of the bars: how a real-time feed stands, else which feed it is. */
function marketWords(clock: ClockState | undefined): string {
  const feed = clock?.feed_state;
  if (feed?.text) return feed.state === "ok" ? feed.text : `${feed.state}: ${feed.text}`;
  if (clock?.real_time)
    return (clock.delay_s ?? 0) > 0 ? `delayed ${Math.round((clock.delay_s ?? 0) / 60)} min` : "real time";
  return clock?.feed ? `${clock.feed} feed` : "";
}

export function LinkPanel({ link, heartbeat }: { link: Link; heartbeat: Heartbeat }) {
  const { market, clock } = useDesk();
  const feedAt = instant(clock?.feed_state?.last_bar_at);
  const toasts = useToasts();
  const announcements = useAnnouncements();
  return (
    <>
      <h2>Data freshness</h2>
      <dl className="clocks">
        <div>
          <dt>
            <Term name="Market data" />
          </dt>
          <dd>
            {feedAt !== undefined ? (
              <>
                newest bar <Ago at={feedAt} />
              </>
            ) : market === undefined ? (
              "none yet"
            ) : (
              stamp(market, undefined)
            )}
          </dd>
          <dd className="soft">{marketWords(clock)}</dd>
        </div>
        <div>
          <dt>
            <Term name="Heartbeat">Bots</Term>
          </dt>
          <dd>
            {heartbeat.writtenAt === undefined ? (
              "nothing written yet"
            ) : (
              <>
                wrote <Ago at={heartbeat.writtenAt} />
              </>
            )}
          </dd>
          <dd className="soft">
            {heartbeat.dueAt !== undefined && (
              <>
                next {heartbeat.bot} <Due at={heartbeat.dueAt} />
              </>
            )}
          </dd>
        </div>
        <div>
          <dt>
            <Term name="Link" />
          </dt>
          <dd>
            {link.verifiedAt === undefined ? (
              "not verified yet"
            ) : (
              <>
                <Term name="Verified">verified</Term> <Ago at={link.verifiedAt} isOwn />
              </>
            )}
          </dd>
          <dd className="soft">{link.reason ?? HOW[link.state]}</dd>
        </div>
      </dl>
      <PollChoice />
      <label className="tick-row">
        <input
          type="checkbox"
          checked={toasts === "on"}
          onChange={(event) => setToasts(event.currentTarget.checked ? "on" : "off")}
        />
        Show a message for new fills on other pages
      </label>
      <label className="tick-row">
        <input
          type="checkbox"
          checked={announcements === "on"}
          onChange={(event) => setAnnouncements(event.currentTarget.checked ? "on" : "off")}
        />
        Announce fills and changes to screen readers
      </label>
      <WhoRow />
    </>
  );
}
