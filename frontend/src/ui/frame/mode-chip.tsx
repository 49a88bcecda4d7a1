/** The page's clock: which mode the bots run in, their market time and its speed. Neutral, never green. */

import type { BotView, ClockState, Session } from "../../api/schema";
import { speedText } from "../../lib/market";
import { clock as clockText, instant, isoDay, shownName } from "../../lib/time";
import { Countdown } from "../age";

export type Mode = BotView["mode"];

export interface ModeWords {
  /** `REPLAY`, `PAPER`, ... */
  mode: string;
  /** What the clock does when it does not simply run: `paused`, `catching up 41 %`. */
  doing?: string;
}

/** The words of the chip. LIVE takes a real-time feed in an open session. */
export function modeWords(mode: Mode, clock: ClockState | undefined, sessions: Record<string, Session>): ModeWords {
  const open = Object.values(sessions).some((session) => session.state === "open");
  const delay = clock?.delay_s ?? 0;
  const words: Record<Mode, string> = {
    replay: "REPLAY",
    backtest: "BACKTEST",
    paper: delay > 0 ? `PAPER, delayed ${Math.round(delay / 60)} min` : "PAPER",
    live: clock?.real_time && open ? "LIVE" : "ACCOUNT, not in session",
  };
  return { mode: words[mode], doing: doing(clock) };
}

/** A real-time feed that does not deliver is said beside the mode. */
const FEED_WORDS: Record<string, string | undefined> = { late: "data late", down: "feed down" };

function doing(clock: ClockState | undefined): string | undefined {
  switch (clock?.state) {
    case "starting":
      return "starting";
    case "catching_up":
      return clock.progress === undefined ? "catching up" : `catching up ${Math.floor(clock.progress * 100)}\u00a0%`;
    case "paused":
      return "PAUSED";
    case "finished":
      return "finished";
    case "closed":
      return clock.label || "closed";
    default:
      return FEED_WORDS[clock?.feed_state?.state ?? "ok"];
  }
}

/** `2` after `1`; a run with another kind of name has no known next one. */
export function nextRun(run: string | undefined): string {
  return run && /^\d+$/.test(run) ? `run ${Number(run) + 1}` : "next run";
}

interface Props {
  /** True before the first data: the chip keeps its place. */
  isWaiting?: boolean;
  mode: Mode | undefined;
  run: string | undefined;
  clock: ClockState | undefined;
  sessions: Record<string, Session>;
}

export function ModeChip({ isWaiting = false, mode, run, clock, sessions }: Props) {
  if (!mode) {
    return (
      <dl className="bar-chip mode">
        <dt className="spoken">Mode</dt>
        <dd>{isWaiting ? "\u00a0" : "No bots yet"}</dd>
      </dl>
    );
  }
  const words = modeWords(mode, clock, sessions);
  const market = instant(clock?.market_time);
  const next = instant(clock?.next_run_at);
  return (
    <dl className={`bar-chip mode ${clock?.state ?? ""}`}>
      <dt className="spoken">Mode</dt>
      <dd>
        <b>{words.mode}</b>
      </dd>
      {words.doing && <dd className="doing">{words.doing}</dd>}
      {clock?.state === "finished" && next !== undefined && (
        <dd className="soft">
          {nextRun(run)} <Countdown at={next} />
        </dd>
      )}
      {market !== undefined && clock?.state !== "finished" && (
        <dd className="when">
          {isoDay(market)} <b>{clockText(market)}</b> {shownName(market)}
        </dd>
      )}
      {clock && (clock.state === "running" || clock.state === "closed") && !clock.real_time && (
        <dd>
          <b>{speedText(clock)}</b>
        </dd>
      )}
    </dl>
  );
}
