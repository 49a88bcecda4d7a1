/** A card's state as icon and word. */

import type { ClockState } from "../api/schema";
import { useTicking } from "../lib/ticker";
import { Icon, type IconName } from "../ui/icon";
import { type CardKind, type CardState, chipText } from "./state";
import "./chip.css";

const ICONS: Record<CardKind, IconName> = {
  unreadable: "bar",
  held: "crossed",
  partial: "broken",
  claimed: "ring",
  incomplete: "broken",
  late: "clock",
  failed: "bar",
  asked: "pause",
  unanswered: "clock",
  paused: "pause",
  catching: "ring",
  cached: "ring",
  finished: "flag",
  closed: "ring",
  ok: "dot",
};

/** The icon alone, with its word for readers. */
export function StateIcon({ state }: { state: CardState }) {
  return (
    <span className={`state-icon ${tone(state)}`}>
      <Icon name={ICONS[state.kind]} />
      <span className="spoken">{state.word}</span>
    </span>
  );
}

/** Class that colours a state: attention, well, or neither. */
export function tone(state: CardState): string {
  if (state.attention) return "attention";
  return state.kind === "ok" ? "well" : "calm";
}

export function StateChip({ state, clock }: { state: CardState; clock: ClockState | undefined }) {
  const text = useTicking((now) => chipText(state, clock, now));
  return (
    <span className={`chip ${tone(state)}`}>
      <Icon name={ICONS[state.kind]} />
      {text}
    </span>
  );
}

export function iconOf(state: CardState): IconName {
  return ICONS[state.kind];
}
