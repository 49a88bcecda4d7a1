/** What a page is told of the link. */

export type LinkState = "connecting" | "streaming" | "polling" | "offline";

export interface LinkStatus {
  state: LinkState;
  /** When shown data was last known to be what the desk has, as `pageNow()`, ms; undefined before the first time. */
  verifiedAt?: number;
  /** When the present state began, as `pageNow()`, ms. */
  since: number;
  /** Milliseconds between two polls. */
  pollEvery: number;
  /** Times that a stream worked again after the first. */
  reconnects: number;
  /** Times that polling took over. */
  falls: number;
  /** Polls sent so far. */
  polls: number;
  /** Patches that did not fit what is held here: the whole was asked for. */
  misfits: number;
  /** True in the tab that holds the stream. */
  isOwner: boolean;
  /** Why the stream does not work, for people. */
  reason?: string;
  /** Name that the desk gives its pages now; a page that was loaded under another one is out of date. */
  build?: string;
  /**
   * How old the proof is of each machine that feeds the desk's disk, as `Aion-Proved-Age` says it; undefined where none
   * does.
   */
  proved?: string;
  /** When that was told, as `pageNow()`, ms. */
  provedAt?: number;
  /** What the link did last, for people: `resynced after 3 min asleep`. */
  note?: string;
  /** When `note` was made, as `pageNow()`, ms. */
  notedAt?: number;
}

export interface ConnectionOptions {
  /** Route of the multiplexed stream. Default: `stream` of `setRoutes`. */
  streamUrl?: string;
  /** Topic -> route of its conditional GET. Topics without one (log lines) are pushed only. Default: `topics` of `setRoutes`. */
  routes?: Record<string, string>;
  /** Milliseconds between polls while no stream works, such as 2000, 5000 or 15000. Default 5000. */
  pollEvery?: number;
  /** Milliseconds without any event after which a stream counts as dead. Default 40000: two heartbeats and a bit. */
  silence?: number;
  /** Milliseconds in which a stream must say hello, and again in which two heartbeats must come. Default 4000. */
  hello?: number;
}

/** `40 s`, `3 min`, `2 h`. */
export function span(ms: number): string {
  const s = Math.round(ms / 1000);
  return s < 90 ? `${s} s` : s < 5400 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`;
}
