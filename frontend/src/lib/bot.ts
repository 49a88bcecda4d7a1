/** A bot as pages know it, and what names it. */

import type { BotRow, BotView, Fill } from "../api/schema";

type Common = Omit<BotRow, "errors" | "last_fill" | "symbols">;

/** What pages know of a bot: its row of the index, or its card, which has lists and curves as well. */
export interface Bot extends Common, Partial<Omit<BotView, keyof Common>> {
  errors?: BotRow["errors"];
  last_fill?: BotRow["last_fill"];
}

const keys = new WeakMap<object, string>();

/** Names a bot: two may have one name, one of each kind. */
export function keyOf(of: Pick<Bot, "kind" | "bot">): string {
  let key = keys.get(of);
  if (key === undefined) {
    key = `${of.kind}/${of.bot}`;
    keys.set(of, key);
  }
  return key;
}

/** What a bot is called: its name, with its machine before it where two machines have a bot of that name. */
export function nameOf({ bot }: { bot: string }): string {
  return bot.replace("~", "/");
}

/** True where its id has the name of its machine in it. */
export function isNamed({ bot }: { bot: string }): boolean {
  return bot.includes("~");
}

/** What the address of its card ends in: the name, with its kind where a swing bot's may be an intraday bot's too. */
export function cardId(bot: Pick<Bot, "kind" | "bot" | "errors">): string {
  return isSecond(bot) ? keyOf(bot) : bot.bot;
}

/** True for the swing bot of two that have one name. */
export function isSecond({ kind, errors }: Pick<Bot, "kind" | "bot" | "errors">): boolean {
  return kind === "swing" && Object.values(errors ?? {}).some((problem) => problem.kind === "same_name");
}

/** The newest fill that is known of a bot, with its id. */
export function newestFill(
  bot: Bot,
): (Pick<Fill, "ts" | "symbol" | "side" | "quantity" | "price"> & { id: string }) | undefined {
  if (bot.last_fill) return bot.last_fill;
  const [id, fill] = Object.entries(bot.fills ?? {}).at(-1) ?? [];
  return id !== undefined && fill ? { ...fill, id } : undefined;
}
