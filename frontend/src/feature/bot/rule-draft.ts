/** A draft of a bot's rules: texts as they are typed, what they mean, and what differs. Pure but for `keepDraft`. */

import type { RuleField, RulesAnswer } from "../../api/schema";
import { ownName } from "../../lib/base";
import { decimal } from "../../lib/money";

export type RuleValue = number | boolean | string;
export type Texts = Record<string, string>;

/** Unit behind a field. */
export const UNIT: Record<RuleField["unit"], string> = {
  percent: "%",
  strength: "0 to 1",
  count: "",
  bars: "bars",
  switch: "",
};

const plain = (value: number): string => String(Number(value.toPrecision(12)));

/** `0.05` of a percentage as `5`, `true` as `true`: what stands in a field. */
export function toText(value: RuleValue | undefined, field: RuleField): string {
  if (value === undefined) return "";
  if (typeof value === "number" && field.unit === "percent") return plain(value * 100);
  return typeof value === "number" ? plain(value) : String(value);
}

/** What a text means; undefined when it is no value at all. */
export function fromText(text: string, field: RuleField): number | boolean | undefined {
  if (field.type === "boolean") return text === "true";
  const typed = text.trim().replace(",", ".");
  if (!/^-?(\d+\.?\d*|\.\d+)$/.test(typed)) return undefined;
  const value = Number(typed);
  return field.unit === "percent" ? Number((value / 100).toPrecision(12)) : value;
}

/** How a value is written for people: `5.00 %`, `on`, `3`. */
export function shown(value: RuleValue | undefined, field: RuleField): string {
  if (value === undefined) return "not set";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value === "string") return value;
  if (field.unit === "percent") return `${decimal(value * 100, 2)}\u00a0%`;
  return field.type === "integer" ? decimal(value, 0) : decimal(value, 2);
}

/** Why a text cannot be saved, by the limits that the desk gave; empty when it can. */
export function complaint(text: string, field: RuleField): string {
  const value = fromText(text, field);
  if (typeof value === "boolean") return "";
  if (value === undefined) return "Not a number.";
  if (field.type === "integer" && !Number.isInteger(value)) return "Whole numbers only.";
  const { minimum, maximum, above, below } = field;
  if (minimum !== undefined && value < minimum) return `At least ${shown(minimum, field)}.`;
  if (maximum !== undefined && value > maximum) return `At most ${shown(maximum, field)}.`;
  if (above !== undefined && value <= above) return `More than ${shown(above, field)}.`;
  if (below !== undefined && value >= below) return `Less than ${shown(below, field)}.`;
  return "";
}

/** What may be entered: `0 % to under 100 %`. */
export function limitsOf(field: RuleField): string {
  if (field.type === "boolean") return "";
  const low = field.above !== undefined ? `over ${shown(field.above, field)}` : shown(field.minimum ?? 0, field);
  const high =
    field.below !== undefined
      ? `under ${shown(field.below, field)}`
      : field.maximum === undefined
        ? ""
        : shown(field.maximum, field);
  return high ? `${low} to ${high}` : `${low} or more`;
}

export interface Change {
  name: string;
  before: string;
  after: string;
  value: number | boolean;
}

/** The texts that mean another value than what is saved; those that mean nothing are left out. */
export function changesOf(texts: Texts, saved: RulesAnswer): Change[] {
  return Object.entries(texts).flatMap(([name, text]) => {
    const field = saved.fields?.[name];
    if (!field) return [];
    const value = fromText(text, field);
    const before = saved.rules?.[name];
    if (value === undefined || value === before) return [];
    return [{ name, before: shown(before, field), after: shown(value, field), value }];
  });
}

/** `Stop loss` of `stop_loss`. */
export function title(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const keyOf = (bot: string): string => ownName(`aion_draft_${bot}`);

/** The draft that this tab kept of `bot`. */
export function keptDraft(bot: string): Texts {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(keyOf(bot)) ?? "{}");
    if (typeof kept !== "object" || kept === null) return {};
    return Object.fromEntries(Object.entries(kept).filter(([, text]) => typeof text === "string"));
  } catch {
    return {}; // storage refused, or something else under that key
  }
}

/** Keep a draft over a reload of this tab; an empty one is forgotten. */
export function keepDraft(bot: string, texts: Texts): void {
  try {
    if (Object.keys(texts).length === 0) sessionStorage.removeItem(keyOf(bot));
    else sessionStorage.setItem(keyOf(bot), JSON.stringify(texts));
  } catch {
    // storage refused or full: the draft lasts as long as the page
  }
}
