/** What the portfolio says of spans, in words. Pure. */

import type { CurrencyTotal, SpanTotal } from "../../api/schema";
import { count } from "../../lib/money";
import { dayName, instant, stamp, UTC } from "../../lib/time";

export const SPANS = [
  ["today", "Today"],
  ["week", "This week"],
  ["month", "This month"],
  ["start", "Since the start"],
] as const;

const MOST_NAMES = 3;

/** `orb_ny, swing_1w and 4 more`. */
export function named(names: readonly string[], total: number): string {
  const shown = names
    .slice(0, total > MOST_NAMES + 1 ? MOST_NAMES : names.length)
    .map((name) => name.replace("~", "/"));
  const rest = total - shown.length;
  return rest > 0 ? `${shown.join(", ")} and ${count(rest)} more` : shown.join(", ");
}

/** From which day on a span is, and what of it is not known. */
export function spanNotes(span: SpanTotal, market: number | undefined): string[] {
  const notes: string[] = [];
  if (span.first) notes.push(`from ${dayName(span.first, market, UTC)}`);
  const since = instant(span.since);
  if (since !== undefined)
    notes.push(
      `${named(Object.keys(span.partial ?? {}), span.partial_total ?? 0)}: known since ${stamp(since, market, UTC)}, earlier is not recorded`,
    );
  const missing = span.missing_total ?? 0;
  if (missing > 0) notes.push(`without ${named(span.missing ?? [], missing)}: no result in this span`);
  return notes;
}

const MODES: Record<CurrencyTotal["mode"], string> = {
  replay: "replay, no real money",
  paper: "paper, no real money",
  backtest: "backtest, no real money",
  live: "live, real money",
};

/** Whether it is money. */
export function modeText(mode: CurrencyTotal["mode"]): string {
  return MODES[mode];
}

/** `held by 3 bots: orb_ny, swing_1w, swing_2w`. */
export function heldBy(bots: readonly string[], total: number): string {
  return `${total === 1 ? "1 bot" : `${count(total)} bots`}: ${named(bots, total)}`;
}
