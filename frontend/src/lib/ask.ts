/** Changes that a page asks the desk for: requests to bots, kill switches, rules. Each is in the desk's audit. */

import type { ControlAnswer, ControlState, RulesAnswer } from "../api/schema";
import { at } from "./base";

export type BotAction = "pause" | "resume" | "flatten";

/** Name in place of a bot's for all of them. */
export const ALL_BOTS = "desk";

/** A change that was not made; `fields` says what is wrong with each field of a form. */
export class AskError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly fields: Record<string, string> = {},
  ) {
    super(message);
    this.name = "AskError";
  }
}

async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(at(path), {
      method,
      ...(body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    });
  } catch {
    throw new AskError(0, "The desk did not answer; nothing is known to have changed.");
  }
  const found: unknown = await answer.json().catch(() => undefined);
  if (answer.ok && found !== undefined) return found as T;
  const { detail, fields } = (found ?? {}) as { detail?: string; fields?: Record<string, string> };
  throw new AskError(answer.status, detail ?? `The desk answered ${answer.status}.`, fields);
}

const route = (bot: string, part: string): string => `/api/bots/${encodeURIComponent(bot)}/${part}`;

/** Ask a bot, or all of them, to pause, resume or flatten; with `keep` a resume lets the exits of a flatten fill. */
export function askBot(bot: string, action: BotAction, reason: string, keep = false): Promise<ControlAnswer> {
  return send("POST", route(bot, "control"), keep ? { action, reason, exits: "keep" } : { action, reason });
}

/** Throw a kill switch: the bot flattens, enters nothing and stays stopped. */
export function throwKill(bot: string, reason: string): Promise<ControlState> {
  return send("PUT", route(bot, "kill"), { reason });
}

/** Clear a kill switch; exits that it ordered and that are not filled are cancelled, unless they are to be kept. */
export function clearKill(bot: string, keep = false): Promise<ControlState> {
  return send("DELETE", `${route(bot, "kill")}${keep ? "?exits=keep" : ""}`);
}

/** Save those rules that differ from version `version`. */
export function saveRules(
  bot: string,
  version: number,
  rules: Record<string, number | boolean | string>,
): Promise<RulesAnswer> {
  return send("PUT", route(bot, "rules"), { version, rules });
}

/** Save the rules of the bot's settings again. */
export function resetRules(bot: string, version: number): Promise<RulesAnswer> {
  return send("DELETE", `${route(bot, "rules")}?version=${version}`);
}
