/** The frame around every page, from data that is given: nothing here talks to the desk. */

import type { ComponentChildren } from "preact";
import { useMemo, useRef } from "preact/hooks";
import type { ClockState, Session } from "../../api/schema";
import { useZone } from "../../lib/preference";
import { ChipPanel } from "./chip-panel";
import { ClockPanel } from "./clock-panel";
import { DeskContext, deskOf } from "./desk";
import { Keys } from "./keys";
import { type Link, LinkChip } from "./link-chip";
import { type Heartbeat, LinkPanel } from "./link-panel";
import { type Mode, ModeChip } from "./mode-chip";
import { HoldButton, ReplayControls, ReplayTrouble } from "./replay";
import { isExpected, SessionStrip } from "./sessions";
import { type PageId, TopBar } from "./top-bar";
import "./frame.css";

interface FrameProps {
  page: PageId | undefined;
  /** What the newest bundle says of the bots' clock; undefined before the first one. */
  data: { mode?: Mode; run?: string; clock?: ClockState; sessions?: Record<string, Session> } | undefined;
  /** Wall time at which the shown data was kept, ms; undefined once it was verified. */
  keptAt: number | undefined;
  link: Link;
  /** When the bots wrote last, and when the next of them is due. */
  heartbeat?: Heartbeat;
  /** Why there is no newer data, for people. */
  trouble?: ComponentChildren;
  /** The stop, at hand on every page. */
  stop?: ComponentChildren;
  children: ComponentChildren;
}

/** Top bar, session strip and the page. */
export function Frame({ page, data, keptAt, link, heartbeat = {}, trouble, stop, children }: FrameProps) {
  const zone = useZone();
  const { clock, sessions } = data ?? {};
  // where the strip turns out higher or lower than the room kept for it, the page is drawn anew, once: what is new does
  // not jump
  const room = useRef<"kept" | "other">();
  const hasWaited = useRef(false);
  if (data) room.current ??= hasWaited.current && !isExpected(sessions ?? {}) ? "other" : "kept";
  else hasWaited.current = true;
  const desk = useMemo(() => deskOf({ clock, sessions }, keptAt), [clock, sessions, keptAt]);
  return (
    <DeskContext value={desk}>
      <ReplayControls isReplay={data?.mode === "replay"}>
        <TopBar page={page} stop={stop}>
          <ChipPanel
            id="link-panel"
            name="Link: data freshness and refresh settings"
            chip={<LinkChip link={link} keptAt={keptAt} />}
          >
            <LinkPanel link={link} heartbeat={heartbeat} />
          </ChipPanel>
          <ChipPanel
            id="clock-panel"
            name={data?.mode === "replay" ? "Clock: replay and time zone" : "Clock: time zone"}
            chip={
              <ModeChip
                isWaiting={!data}
                mode={data?.mode}
                run={data?.run}
                clock={data?.clock}
                sessions={data?.sessions ?? {}}
              />
            }
          >
            <ClockPanel mode={data?.mode} />
          </ChipPanel>
          <HoldButton />
        </TopBar>
        {/* another zone is another text everywhere: the page is drawn anew */}
        <div className="wrap" key={`${zone} ${room.current ?? "kept"}`}>
          <SessionStrip isWaiting={!data} />
          <main id="main">
            {trouble && (
              <p className="notice" role="alert">
                {trouble}
              </p>
            )}
            {children}
          </main>
        </div>
        <ReplayTrouble />
        <Keys />
      </ReplayControls>
    </DeskContext>
  );
}
