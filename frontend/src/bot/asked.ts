/** What is asked of a bot and not done yet. Pure: all times are given. */

import type { Asked } from "../api/schema";
import { age } from "../lib/age";
import type { Bot } from "../lib/bot";
import { instant } from "../lib/time";

export interface Pending {
  /** `pause`, `flatten`, `kill switch`. */
  what: string;
  /** Wall time of the request, ms; undefined where its file does not say. */
  at?: number;
  by: string;
  reason: string;
  /** Wall time by which an answer was expected, ms. */
  due?: number;
  /** True once that has passed. */
  isOverdue: boolean;
  /** What is left to do of a request that the bot has begun, e.g. positions still open; undefined until it answers. */
  left?: string;
}

/** True for a bot that carries out requests: one of Aion's own, or one that says so by a `control_id`. */
export function answersRequests(bot: Bot): boolean {
  return !bot.foreign || bot.control_id !== undefined;
}

/** The newest request, or undefined when the bot says by its id that it is done, refused or void. */
export function pendingRequest(asked: Asked | undefined, now: number): Pending | undefined {
  const request = asked?.request;
  if (!request || (request.state && request.state !== "accepted")) return undefined;
  const due = instant(request.due_at);
  return {
    what: request.action,
    at: instant(request.requested_at),
    by: request.requested_by ?? "",
    reason: request.reason ?? "",
    due,
    isOverdue: !request.state && due !== undefined && now > due,
    left: request.state && (request.detail || "in progress"),
  };
}

/** The kill switch that stops `bot`: its own, or that of all bots. */
export function killOf(
  bot: Bot,
  all: Asked | undefined,
): { kill: NonNullable<Asked["kill"]>; ofAll: boolean } | undefined {
  const own = bot.asked?.kill;
  if (own) return { kill: own, ofAll: false };
  return all?.kill && answersRequests(bot) ? { kill: all.kill, ofAll: true } : undefined;
}

/** What `bot` was told and has not done at wall time `now`: stopping comes before all else. */
export function pendingOf(bot: Bot, all: Asked | undefined, now: number): Pending | undefined {
  const found = killOf(bot, all);
  if (!found) return pendingRequest(bot.asked, now);
  if (bot.state === "stopped") return undefined;
  const { kill, ofAll } = found;
  const due = instant(kill.due_at);
  return {
    what: ofAll ? "kill switch of all bots" : "kill switch",
    at: instant(kill.killed_at),
    by: kill.killed_by ?? "",
    reason: kill.reason ?? "",
    due,
    isOverdue: due !== undefined && now > due,
  };
}

const CAPITAL = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Who asked, for people: on a desk without a password everybody is on this machine. */
export const whoText = (who: string): string => (who === "local" ? "you (this machine)" : who);

/** `Pause requested by admin 0.4 s ago: lunch.` or that it was not answered; `strong` comes first. */
export function pendingText(pending: Pending, now: number): { strong: string; rest: string } {
  const by = pending.by ? ` by ${whoText(pending.by)}` : "";
  const ago = pending.at === undefined ? "" : ` ${age(now - pending.at)} ago`;
  const why = pending.reason ? `: ${pending.reason}` : "";
  if (pending.left !== undefined) {
    return { strong: `${CAPITAL(pending.what)} accepted${by}${ago}${why}.`, rest: `Still to do: ${pending.left}.` };
  }
  if (pending.isOverdue) {
    const over = age(now - (pending.due ?? now));
    return {
      strong: `${CAPITAL(pending.what)}: no response.`,
      rest: `Requested${by}${ago}${why}. A response was due ${over} ago; the request is still open.`,
    };
  }
  return { strong: `${CAPITAL(pending.what)} requested${by}${ago}${why}.`, rest: "Waiting for the bot to confirm." };
}
