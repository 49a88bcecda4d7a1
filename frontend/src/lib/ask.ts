/** Changes that a page asks the desk for: requests to bots, kill switches, rules. Each is in the desk's audit. */

import type { ControlAnswer, ControlRequest, ControlState, RulesAnswer } from "../api/schema";
import { at } from "./base";
import { makeRoom } from "./room";

export type BotAction = ControlRequest["action"];

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

/** Milliseconds after which a request without an answer is given up: its connection is free for others again. */
const PATIENCE = 15_000;

/** Ask for a change and return the answer; throws `AskError`. */
export async function send<T>(
  method: string,
  path: string,
  body?: unknown,
  how: Pick<RequestInit, "signal" | "priority"> = { signal: AbortSignal.timeout(PATIENCE) },
): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(at(path), {
      method,
      ...how,
      ...(body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    });
  } catch (error) {
    const isAway = error instanceof DOMException && error.name === "AbortError";
    throw new AskError(
      0,
      isAway
        ? "Interrupted by a stop command. The desk may still have received it."
        : "No response from the desk. Check whether the change was made.",
    );
  }
  const found: unknown = await answer.json().catch(() => undefined);
  if (answer.ok && found !== undefined) return found as T;
  const { detail, fields } = (found ?? {}) as { detail?: string; fields?: Record<string, string> };
  throw new AskError(answer.status, detail ?? `The desk answered ${answer.status}.`, fields);
}

const route = (bot: string, part: string): string => `/api/bots/${encodeURIComponent(bot)}/${part}`;

/**
 * Ask a bot, or all of them, for something; with `keep` a resume lets the exits of a flatten fill. `key` names the
 * position, order or lock that it is for.
 */
export function askBot(
  bot: string,
  action: BotAction,
  reason: string,
  keep = false,
  key?: string,
): Promise<ControlAnswer> {
  return send("POST", route(bot, "control"), { action, reason, exits: keep ? "keep" : undefined, value: key });
}

/** Milliseconds after which a stop without an answer is sent again: its connection, or who serves it, may be stuck. */
const AGAIN = [0, 1500, 4000];

/**
 * Throw a kill switch: the bot flattens, enters nothing and stays stopped. Sent again on another connection while no
 * answer comes, for throwing it twice is throwing it; the first answer counts. What else waits for the desk ends first,
 * so that a connection is free.
 */
export async function throwKill(bot: string, reason: string): Promise<ControlState> {
  const over = new AbortController();
  const how = { ...makeRoom(), signal: over.signal };
  const timer = setTimeout(() => over.abort(), 2 * PATIENCE);
  const attempt = async (wait: number): Promise<ControlState | AskError> => {
    if (wait > 0) await new Promise((done) => setTimeout(done, wait));
    over.signal.throwIfAborted();
    try {
      return await send<ControlState>("PUT", route(bot, "kill"), { reason }, how);
    } catch (error) {
      if (error instanceof AskError && error.status > 0) return error; // an answer too
      throw error;
    }
  };
  const answer = await Promise.any(AGAIN.map(attempt)).catch(
    () => new AskError(0, "no response from the desk. It may still have received it. Press again."),
  );
  clearTimeout(timer);
  over.abort();
  if (answer instanceof AskError) throw answer;
  return answer;
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
