/**
 * What a dialog says will happen. Pure. Each sentence is tested against what the bots do: change one, and
 * tests/e2e/test_promise.py has to prove the new one.
 */

import { type Bot, nameOf } from "../lib/bot";
import { unshown } from "../lib/left-out";
import { plural } from "../lib/money";
import { instant, stamp } from "../lib/time";
import { answersRequests } from "./asked";

const NAMED = 6;

/** `2 exits (XOM, AVGO)`. */
function counted(names: readonly string[], thing: string, more = 0): string {
  const rest = names.length - NAMED + more;
  const named = names.slice(0, NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  return `${plural(names.length + more, thing)}${named && ` (${named})`}`;
}

const list = (bots: readonly Bot[]): string => bots.map(nameOf).join(", ");

/** `at the next bar`, `at the next open, 19 May 13:30 UTC`. */
function whenOf(bot: Bot, market: number | undefined): string {
  if (bot.kind === "intraday") return "at the next bar";
  const opens = instant(bot.next_open_at);
  return opens === undefined || (market !== undefined && opens <= market)
    ? "at the next open"
    : `at the next open, ${stamp(opens, market)}`;
}

/** Symbols whose exit a flatten or a kill switch ordered and that is not filled. */
export const exitsOf = (bot: Bot): string[] => Object.keys(bot.leaving ?? {});

export function pausePromise(bot: Bot): string {
  const rebalance = bot.kind === "swing" ? " A rebalance that falls due waits until then." : "";
  return `It opens no new positions until you press Resume.${rebalance} Stops, targets and exits of open positions keep working.`;
}

export function resumePromise(bot: Bot): string {
  const exits = exitsOf(bot);
  const cancelled = exits.length > 0 ? ` ${cancelPromise(exits, "The flatten")}` : "";
  return `It may open positions again${bot.kind === "swing" ? " at its next rebalance" : ""}.${cancelled}`;
}

export function flattenPromise(bot: Bot, market: number | undefined): string {
  const held = Object.entries(bot.positions ?? {}).filter(([, position]) => position.quantity !== 0);
  const names = held.map(([symbol]) => symbol);
  const open = names.length + unshown(bot);
  const closes =
    open > 0
      ? `It closes ${counted(names, "open position", unshown(bot))} ${whenOf(bot, market)}.`
      : "There are no open positions.";
  return `${closes} ${CANCELS} It is then paused. Press Resume to let it trade again.`;
}

const CANCELS = "Entry orders are cancelled and not placed again.";

export const KILL_PROMISE = `Open positions are closed and no new ones are opened, even after a restart, until you clear the switch. ${CANCELS}`;

/** What clearing a switch does not bring back. */
const notAgain = (waits: string): string => `Cancelled entry orders are not placed again: ${waits}.`;

/** `The 2 exits ... are cancelled and the positions stay open`. */
function cancelPromise(exits: readonly string[], whose: string): string {
  const [are, stay] = exits.length === 1 ? ["is", "the position stays"] : ["are", "the positions stay"];
  return `${whose} ordered ${counted(exits, "exit")} not filled yet: ${exits.length === 1 ? "it" : "they"} ${are} cancelled and ${stay} open.`;
}

/** Exits that go when the switch of `bot` is cleared: those that a flatten still asks for stay. */
const switchExitsOf = (bot: Bot): string[] => (bot.flatten ? [] : exitsOf(bot));

/** What a flatten that is not done goes on to do. */
function flattenStays(bot: Bot): string {
  const exits = bot.flatten ? exitsOf(bot) : [];
  const kept = `${counted(exits, "exit")} ${exits.length === 1 ? "is" : "are"} not cancelled`;
  return exits.length > 0 ? ` The flatten of ${nameOf(bot)} goes on: ${kept}.` : "";
}

/** Words of the choice to let exits fill all the same. */
export function keepChoice(bot: Bot, market: number | undefined): string | undefined {
  const exits = bot.state === "stopped" ? switchExitsOf(bot) : exitsOf(bot);
  if (exits.length === 0) return undefined;
  return `Let ${exits.length === 1 ? "it" : "them"} fill ${whenOf(bot, market)} instead`;
}

/** `isStopped`: the switch of all bots is on too. */
export function clearPromise(bot: Bot, isStopped: boolean): string {
  if (isStopped) return "It stays stopped: the kill switch of all bots is still on.";
  const exits = switchExitsOf(bot);
  const cancelled = (exits.length > 0 ? ` ${cancelPromise(exits, "The switch")}` : "") + flattenStays(bot);
  if (bot.paused) return `It is paused, as before: press Resume to let it trade.${cancelled}`;
  const waits = bot.kind === "swing" ? "it waits for its next rebalance" : "it decides again at its next bar";
  return `Trading resumes. ${notAgain(waits)}${cancelled}`;
}

/** Aion's own bots. */
const own = (bots: readonly Bot[]): Bot[] => bots.filter((bot) => !bot.foreign);
const others = (bots: readonly Bot[]): string =>
  bots.some((bot) => bot.foreign) ? " Bots of other programs are not affected." : "";

export function pauseAllPromise(bots: readonly Bot[]): string {
  return `No bot opens new positions until you resume it. Stops, targets and exits of open positions keep working.${others(bots)}`;
}

export function resumeAllPromise(bots: readonly Bot[]): string {
  const exits = own(bots)
    .filter((bot) => bot.state === "paused")
    .flatMap((bot) => exitsOf(bot).map((symbol) => `${nameOf(bot)} ${symbol}`));
  const cancelled = exits.length > 0 ? ` ${cancelPromise(exits, "A flatten")}` : "";
  return `All paused bots may open positions again.${cancelled}${others(bots)}`;
}

export function flattenAllPromise(bots: readonly Bot[]): string {
  const open = own(bots).reduce(
    (sum, bot) => sum + Object.values(bot.positions ?? {}).filter((held) => held.quantity !== 0).length + unshown(bot),
    0,
  );
  const closes =
    open > 0
      ? `${plural(open, "open position")} ${open === 1 ? "is" : "are"} closed, each at its next bar or open.`
      : "There are no open positions.";
  return `${closes} ${CANCELS} All bots are then paused. Press Resume all to let them trade again.${others(bots)}`;
}

/** Bots whose exits go, or fill, with the clearing of the switch of all. */
const freed = (bots: readonly Bot[]): Bot[] =>
  bots.filter((bot) => answersRequests(bot) && bot.asked?.kill === undefined);

export function clearAllPromise(bots: readonly Bot[]): string {
  const killed = bots.filter((bot) => answersRequests(bot) && bot.asked?.kill !== undefined);
  const paused = freed(bots).filter((bot) => bot.paused);
  const except = killed.length > 0 ? `, except those with their own kill switch still on (${list(killed)})` : "";
  const stay = paused.length > 0 ? ` Bots that were paused before stay paused (${list(paused)}).` : "";
  const exits = freed(bots).flatMap((bot) => switchExitsOf(bot).map((symbol) => `${nameOf(bot)} ${symbol}`));
  const stays = freed(bots).map(flattenStays).join("");
  const cancelled = (exits.length > 0 ? ` ${cancelPromise(exits, "The switch")}` : "") + stays;
  return `All bots resume${except}.${stay} ${notAgain("a swing bot waits for its next rebalance")}${cancelled}`;
}

export function keepAllChoice(bots: readonly Bot[]): string | undefined {
  const exits = bots.flatMap((bot) => (bot.state === "stopped" ? switchExitsOf(bot) : exitsOf(bot)));
  return exits.length > 0 ? `Let ${exits.length === 1 ? "it" : "them"} fill instead` : undefined;
}
