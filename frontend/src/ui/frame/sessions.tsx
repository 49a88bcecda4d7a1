/** One lane of 24 h, in the zone shown, an exchange: its session, what of it is gone, and now. */

import type { ClockState, Session } from "../../api/schema";
import { coarse } from "../../lib/age";
import { groupSessions, type SessionGroup, wallText } from "../../lib/market";
import { memo } from "../../lib/memo";
import { clock, dayStart, instant, isoDay, localStamp, shownName } from "../../lib/time";
import { Icon, type IconName } from "../icon";
import { useDesk } from "./desk";
import "./sessions.css";

const DAY_MINUTES = 1440;

const ICONS: Record<Session["state"], IconName> = {
  open: "dot",
  closed: "ring",
  lunch: "ring",
  pre: "ring",
  halt: "bar",
};
const WORDS: Record<Session["state"], string> = {
  open: "open",
  closed: "closed",
  lunch: "lunch",
  pre: "pre-open",
  halt: "halted",
};

interface Piece {
  from: number;
  to: number;
}

/** Minutes of the day (in the zone shown) in which a session trades; a session over midnight gives a piece on each side. */
export function lanePieces(session: Session): Piece[] {
  const opens = instant(session.opens_at);
  const closes = instant(session.closes_at);
  if (opens === undefined || closes === undefined || closes <= opens) return [];
  const breaks = [instant(session.break_start), instant(session.break_end)];
  const spans: [number, number][] =
    breaks[0] !== undefined && breaks[1] !== undefined
      ? [
          [opens, breaks[0]],
          [breaks[1], closes],
        ]
      : [[opens, closes]];
  return spans.flatMap(([start, end]) => {
    const day = dayStart(start);
    const from = (start - day) / 60_000;
    const to = (end - day) / 60_000;
    return to <= DAY_MINUTES
      ? [{ from, to }]
      : [
          { from, to: DAY_MINUTES },
          { from: 0, to: to - DAY_MINUTES },
        ];
  });
}

/** What happens next and when, as words: `closes in`, `58 min`. */
export function nextEvent(session: Session, market: number): { verb: string; at: number } | undefined {
  const closes = instant(session.closes_at);
  const opens = instant(session.next_open_at) ?? instant(session.opens_at);
  if (session.state === "open") return closes === undefined ? undefined : { verb: "closes in", at: closes };
  if (opens === undefined || opens <= market) return undefined;
  return { verb: session.state === "lunch" ? "resumes in" : "opens in", at: opens };
}

/** True on the market day of `session`, which is a day in its own zone. */
function sameSession(session: Session, market: number): boolean {
  return session.day === isoDay(market, session.timezone ?? "UTC");
}

function Lane({ session, market }: { session: Session; market: number }) {
  const now = (market - dayStart(market)) / 60_000;
  const today = session.day === undefined || sameSession(session, market);
  return (
    <svg className="lane" viewBox={`0 0 ${DAY_MINUTES} 16`} preserveAspectRatio="none" aria-hidden="true">
      <rect className="day" y="6" width={DAY_MINUTES} height="4" />
      {[360, 720, 1080].map((minute) => (
        <rect key={minute} className="tick" x={minute - 1} y="4" width="2" height="8" />
      ))}
      {lanePieces(session).map((piece) => (
        <g key={piece.from}>
          <rect className="hours" x={piece.from} y="3" width={piece.to - piece.from} height="10" />
          {today && now > piece.from && (
            <rect className="gone" x={piece.from} y="3" width={Math.min(now, piece.to) - piece.from} height="10" />
          )}
        </g>
      ))}
      <line className="now" x1={now} x2={now} y1="0" y2="16" />
    </svg>
  );
}

function SessionLane({
  group,
  market,
  desk,
}: {
  group: SessionGroup;
  market: number;
  desk: { clock?: ClockState; sessions: Record<string, Session> };
}) {
  const { session, codes } = group;
  const event = nextEvent(session, market);
  const opens = instant(session.opens_at);
  const closes = instant(session.closes_at);
  const zone = session.timezone ?? "UTC";
  const wall = event ? wallText(event.at, desk.clock, Object.values(desk.sessions)) : "";
  return (
    <section className={`session ${session.state}`} aria-label={`${codes.join(", ")} ${session.name ?? ""}`}>
      <div className="who">
        <h3>{codes.join(" ")}</h3>
        <span className="city">{session.name}</span>
        <b className="state-word">
          <Icon name={ICONS[session.state]} />
          {WORDS[session.state]}
        </b>
      </div>
      <div className="next">
        {event && (
          <>
            {event.verb} <b>{coarse(event.at - market)}</b>
          </>
        )}
      </div>
      <Lane session={session} market={market} />
      <small>
        {opens !== undefined && closes !== undefined && `${clock(opens)} to ${clock(closes)} ${shownName(opens)}`}
        {session.half_day ? ", half day" : ""}
      </small>
      <small className="local">{event && [localStamp(event.at, market, zone), wall].filter(Boolean).join(", ")}</small>
    </section>
  );
}

/** Lanes for which a page without data keeps room: those of the bots that come with Aion. */
const EXPECTED = 3;

/** True when the strip of `sessions` is as high as the room that was kept for it. */
export function isExpected(sessions: Record<string, Session>): boolean {
  return groupSessions(sessions).length === EXPECTED;
}

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

/** What stands in the place of the strip before the first data, as high as it will be. */
function Waiting() {
  return (
    <div className="sessions" aria-hidden="true">
      {range(EXPECTED).map((index) => (
        <div key={index} className="session">
          <div className="who">{"\u00a0"}</div>
          <div className="next" />
          <div className="lane" />
          <small>{"\u00a0"}</small>
          <small className="local" />
        </div>
      ))}
    </div>
  );
}

export const SessionStrip = memo(function SessionStrip({ isWaiting }: { isWaiting: boolean }) {
  const desk = useDesk();
  const groups = groupSessions(desk.sessions);
  const { market } = desk;
  if (isWaiting) return <Waiting />;
  if (groups.length === 0 || market === undefined) return null;
  return (
    <section
      className={desk.keptAt === undefined ? "sessions" : "sessions kept"}
      aria-label="Market sessions, 00 to 24 h"
    >
      {groups.map((group) => (
        <SessionLane key={group.codes.join()} group={group} market={market} desk={desk} />
      ))}
    </section>
  );
});
