/** Alert rules in words, and what a form makes of them. */

import type { AlertPlan, AlertRule, SentAlert } from "../../api/schema";

export type Kind = AlertRule["kind"];

/** Each kind of rule: what it is called, and what it tells. */
export const KINDS: Record<Kind, { name: string; about: string }> = {
  fill: { name: "Fill", about: "each order that is carried out" },
  stop_hit: { name: "Stop hit", about: "a position that a stop closes" },
  day_loss: { name: "Day loss", about: "the market day's net loss is larger than a limit; once a day" },
  drawdown: { name: "Drawdown", about: "equity is further below its top than a limit" },
  no_fill: { name: "No fill", about: "no order is carried out for some time of the market" },
  missed_cycle: { name: "Missed cycle", about: "the bot is past the time of its next write" },
  kill_switch: { name: "Kill switch", about: "a kill switch is thrown" },
  control_refused: { name: "Request refused", about: "the bot refuses a request" },
  held_machine: { name: "Machine held", about: "nothing comes from another machine any more" },
};

/** What a rule asks for, as a sentence without its bot. */
export function told(rule: AlertRule): string {
  const limit = String(rule.limit ?? "");
  if (rule.kind === "day_loss") return `Day loss of ${limit}${rule.unit === "percent" ? "\u00a0%" : ""} or more`;
  if (rule.kind === "drawdown") return `Drawdown of ${limit}\u00a0% or more`;
  if (rule.kind === "no_fill") return `No fill for ${span(rule.minutes ?? 0)}`;
  return KINDS[rule.kind].name;
}

/** Minutes in the largest unit that says them exactly. */
export function span(minutes: number): string {
  const [size, unit] = minutes % 1440 === 0 ? [1440, "day"] : minutes % 60 === 0 ? [60, "hour"] : [1, "minute"];
  const count = minutes / size;
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** Whom a rule is for. */
export function whose(rule: AlertRule): string {
  if (rule.bot !== "*" && rule.bot !== undefined) return rule.bot;
  return rule.kind === "held_machine" ? "all machines" : "all bots";
}

/** What became of an alert. */
export const BECAME: Record<SentAlert["became"], string> = {
  waiting: "being sent",
  sent: "sent",
  not_sent: "not sent",
  quiet: "kept for the end of the quiet hours",
  over_limit: "over the limit of an hour, counted in the next message",
};

/** Fields of a form as they stand there. */
export interface Draft {
  kind: Kind;
  bot: string;
  limit: string;
  unit: "money" | "percent";
  minutes: string;
  note: string;
}

export const EMPTY: Draft = { kind: "fill", bot: "*", limit: "", unit: "percent", minutes: "", note: "" };

/** A form that says what a rule does. */
export function draftOf(rule: AlertRule): Draft {
  return {
    kind: rule.kind,
    bot: rule.bot ?? "*",
    limit: rule.limit === undefined ? "" : String(rule.limit),
    unit: rule.unit ?? "percent",
    minutes: rule.minutes === undefined ? "" : String(rule.minutes),
    note: rule.note ?? "",
  };
}

/** The rule of a form; a number that is none is left out, and the desk says that it is missing. */
export function ruleOf(draft: Draft, isOn = true): AlertRule {
  const { kind, bot, unit, note } = draft;
  const limit = numberIn(draft.limit);
  const minutes = numberIn(draft.minutes);
  const rule: AlertRule = { kind, bot, is_on: isOn, note: note.trim() };
  if (kind === "day_loss" || kind === "drawdown") {
    if (limit !== undefined) rule.limit = limit;
  }
  if (kind === "day_loss") rule.unit = unit;
  if (kind === "no_fill" && minutes !== undefined) rule.minutes = minutes;
  return rule;
}

function numberIn(text: string): number | undefined {
  const found = Number(text.trim().replace(",", "."));
  return text.trim() === "" || !Number.isFinite(found) ? undefined : found;
}

/** A name that no rule has. */
export function newName(rules: Readonly<Record<string, AlertRule>>): string {
  let number = Object.keys(rules).length + 1;
  while (`r${number}` in rules) number += 1;
  return `r${number}`;
}

/** Complaints of the desk about one part of what was sent, by the field's own name. */
export function faultsOf(fields: Readonly<Record<string, string>>, part: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [path, why] of Object.entries(fields)) {
    if (path === part || path.startsWith(`${part}.`)) found[path.slice(part.length + 1)] = why;
  }
  return found;
}

/** Why nothing was saved: where fields say it themselves, that they do. */
export function refusal(message: string, fields: Readonly<Record<string, string>> = {}): string {
  const count = Object.keys(fields).length;
  if (count === 0) return `Not saved: ${message}`;
  return `Not saved: see what stands beside ${count === 1 ? "the field" : "the fields"}.`;
}

/** The plan of a form: what is empty is not said. */
export function planOf(texts: Readonly<Record<keyof AlertPlan, string>>): Record<string, string | number> {
  const found: Record<string, string | number> = {};
  for (const [name, text] of Object.entries(texts)) {
    const value = text.trim();
    if (value !== "") found[name] = name === "most_an_hour" ? (numberIn(value) ?? value) : value;
  }
  return found;
}

export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
