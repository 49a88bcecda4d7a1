/** The state of the link, and how long ago data was last verified: the age is the chip's point. */

import { OWN } from "../../lib/proof";
import { onDesk } from "../../lib/ticker";
import { clock } from "../../lib/time";
import { Age } from "../age";
import { Icon, type IconName } from "../icon";

export type LinkState = "connecting" | "streaming" | "polling" | "offline";

export interface Link {
  state: LinkState;
  /** This page's time of the last verification, ms. */
  verifiedAt?: number;
  /** This page's time since which the link is offline, ms. */
  since?: number;
  /** Seconds between two polls. */
  pollEvery?: number;
  /** Why the stream does not work, for people. */
  reason?: string;
  /** Machines that feed the desk and are not heard of: what they wrote is held. */
  held?: string[];
  /** What the link did last: `resynced after 3 min asleep`. */
  note?: string;
}

const ICON: Record<LinkState, IconName> = { connecting: "ring", streaming: "dot", polling: "ring", offline: "crossed" };

function word(link: Link): string {
  if (link.held?.includes(OWN)) return "HELD";
  switch (link.state) {
    case "streaming":
      return "STREAMING";
    case "polling":
      return "POLLING";
    case "offline":
      return "OFFLINE";
    default:
      return "CONNECTING";
  }
}

interface Props {
  link: Link;
  /** This page's time at which what is shown was kept, ms, NaN if unknown, while nothing was verified. */
  keptAt?: number;
}

export function LinkChip({ link, keptAt }: Props) {
  const isHeld = link.held?.includes(OWN);
  const others = link.held?.filter((name) => name !== OWN) ?? [];
  return (
    <dl className={`bar-chip link ${isHeld ? "offline" : link.state}`}>
      <dt>Link</dt>
      <dd className="state-word">
        <Icon name={isHeld ? "crossed" : ICON[link.state]} />
        <b>{word(link)}</b>
      </dd>
      {link.state === "polling" && link.pollEvery !== undefined && (
        <dd className="soft wide">every {link.pollEvery} s</dd>
      )}
      {link.state === "offline" && link.since !== undefined && (
        <dd className="soft">since {clock(onDesk(link.since))}</dd>
      )}
      {others.length > 0 && <dd className="soft">{others.join(", ")} held</dd>}
      {isHeld && <dd className="soft">{keptAt && !Number.isNaN(keptAt) ? `as of ${clock(onDesk(keptAt))}` : ""}</dd>}
      {!isHeld && link.verifiedAt !== undefined && (
        <dd className="soft">
          <span className="wide">verified </span>
          <Age at={link.verifiedAt} isOwn />
          <span className="wide"> ago</span>
        </dd>
      )}
      {!isHeld && link.verifiedAt === undefined && keptAt !== undefined && (
        <dd className="soft">
          kept <Age at={keptAt} isOwn />
          <span className="wide"> ago</span>
        </dd>
      )}
      {link.note && <dd className="soft wide">{link.note}</dd>}
    </dl>
  );
}
