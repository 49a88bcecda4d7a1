/** The frame around every page, from data that is given: nothing here talks to the desk. */

import type { ReactNode } from "react";
import type { ClockState, Session } from "../../api/schema";
import { DeskContext, deskOf } from "./desk";
import { Keys } from "./keys";
import { type Link, LinkChip } from "./link-chip";
import { type Mode, ModeChip } from "./mode-chip";
import { SessionStrip } from "./sessions";
import { type PageId, TopBar } from "./top-bar";

interface FrameProps {
  page: PageId | undefined;
  /** What the newest bundle says of the bots' clock; undefined before the first one. */
  data: { mode?: Mode; run?: string; clock?: ClockState; sessions?: Record<string, Session> } | undefined;
  /** Wall time at which the shown data was kept, ms; undefined once it was verified. */
  keptAt: number | undefined;
  link: Link;
  /** Why there is no newer data, for people. */
  trouble?: string;
  children: ReactNode;
}

/** Top bar, session strip and the page. */
export function Frame({ page, data, keptAt, link, trouble, children }: FrameProps) {
  return (
    <DeskContext value={deskOf(data, keptAt)}>
      <TopBar page={page}>
        <LinkChip link={link} />
        <ModeChip mode={data?.mode} run={data?.run} clock={data?.clock} sessions={data?.sessions ?? {}} />
      </TopBar>
      <div className="wrap">
        <SessionStrip />
        <main id="main">
          {trouble && (
            <p className="notice" role="alert">
              {trouble}
            </p>
          )}
          {children}
        </main>
      </div>
      <Keys />
    </DeskContext>
  );
}
