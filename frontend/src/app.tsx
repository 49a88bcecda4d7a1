/** The frame around every page, from data that is given: nothing here talks to the desk. */

import type { ReactNode } from "react";
import type { BotsPageBundle } from "./lib/types";
import { DeskContext, deskOf } from "./ui/frame/desk";
import { Keys } from "./ui/frame/keys";
import { type Link, LinkChip } from "./ui/frame/link-chip";
import { ModeChip } from "./ui/frame/mode-chip";
import { SessionStrip } from "./ui/frame/sessions";
import { type PageId, PAGES, TopBar } from "./ui/frame/top-bar";

export function pageOf(path: string): PageId | undefined {
  return PAGES.find(({ href }) => path === href || path.startsWith(`${href}/`))?.id;
}

interface FrameProps {
  page: PageId | undefined;
  bundle: BotsPageBundle | undefined;
  /** Wall time at which the shown bundle was kept, ms; undefined once it was verified. */
  keptAt: number | undefined;
  link: Link;
  children: ReactNode;
}

/** Top bar, session strip and the page. */
export function Frame({ page, bundle, keptAt, link, children }: FrameProps) {
  return (
    <DeskContext value={deskOf(bundle, keptAt)}>
      <TopBar page={page}>
        <LinkChip link={link} />
        <ModeChip mode={bundle?.mode} run={bundle?.run} clock={bundle?.clock} sessions={bundle?.sessions ?? {}} />
      </TopBar>
      <div className="wrap">
        <SessionStrip />
        <main id="main">{children}</main>
      </div>
      <Keys />
    </DeskContext>
  );
}
