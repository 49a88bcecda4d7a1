/** Money, prices and quantities as text. Absent or unusable numbers give an empty string, never 0 or NaN. */

import { decimalsOf, type Unit } from "./currency";

export type { Unit } from "./currency";

/** U+2212, as wide as a plus. */
export const MINUS = "\u2212";

const DIGITS = 15; // that a double holds of any decimal number
const THOUSANDS = /\B(?=(\d{3})+$)/g;

/**
 * Without `Intl`, whose first use costs the first frame more than all the figures in it. Digits beyond those that a
 * double holds are not made up: the text then ends earlier.
 */
function fixed(value: number, decimals: number): string {
  const known = Math.max(0, DIGITS - 1 - Math.floor(Math.log10(value)));
  // from 1e21 on toFixed writes exponents, and no double has decimals
  let text = value >= 1e21 ? `${BigInt(value)}` : value.toFixed(Math.min(decimals, known));
  if (known < decimals && Number(text) === value) text += (known ? "" : ".") + "0".repeat(decimals - known);
  if (value < 1000) return text;
  const [whole = "", part] = text.split(".");
  const grouped = whole.replace(THOUSANDS, ",");
  return part === undefined ? grouped : `${grouped}.${part}`;
}

/** True for a number that can be shown. */
export function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/**
 * Fixed decimals with a real minus; what rounds to zero has no sign.
 * With `plus`, a value above zero gets `+`.
 */
export function decimal(value: number | undefined, decimals: number, plus = false): string {
  if (!isNumber(value)) return "";
  const text = fixed(Math.abs(value), decimals);
  if (!/[1-9]/.test(text)) return text;
  if (value < 0) return MINUS + text;
  return plus ? `+${text}` : text;
}

/** `99,008.00`, `0.05021976`: as many decimals as its unit has, without its code. */
export function money(value: number | undefined, unit: Unit): string {
  return decimal(value, decimalsOf(unit));
}

/** `+1,771.47`, `−992.00`, `0.00`: a change. */
export function moneyChange(value: number | undefined, unit: Unit): string {
  return decimal(value, decimalsOf(unit), true);
}

/** `99,008.00 USD`: code after, joined by a no-break space. */
export function moneyIn(value: number | undefined, unit: Unit): string {
  const text = money(value, unit);
  return text && `${text}\u00a0${unit.currency}`;
}

/** `−21.80`, `+0.01`: a cost or a rebate (below 0) as the change that it makes; zero has no sign. */
export function cost(value: number | undefined, unit: Unit): string {
  return isNumber(value) ? moneyChange(-value, unit) : "";
}

/** -1, 0 or 1 of a change as it is shown: what rounds to 0.00 is 0. */
export function direction(value: number | undefined, decimals: number): -1 | 0 | 1 {
  if (!isNumber(value) || Math.abs(value) * 10 ** decimals < 0.5) return 0;
  return value > 0 ? 1 : -1;
}

/** -1, 0 or 1 of an amount as it is shown. */
export function way(value: number | undefined, unit: Unit): -1 | 0 | 1 {
  return direction(value, decimalsOf(unit));
}

/** Decimals of the shortest text that gives `value` at `digits` significant ones. */
function ownDecimals(value: number, digits: number): number {
  const [digit = "", exponent = "0"] = Number(value.toPrecision(digits)).toExponential().split("e");
  return Math.max(0, (digit.split(".")[1]?.length ?? 0) - Number(exponent));
}

const PRICE_DIGITS = 9; // as quotes have at most; what comes after them is a quotient's rest
const MOST_DECIMALS = 18; // that any coin is divided into

/** Decimals that all `prices` need, 2 or more, so that a column lines up. */
export function priceDecimals(prices: readonly (number | undefined)[]): number {
  const own = prices.filter(isNumber).map((each) => ownDecimals(each, PRICE_DIGITS));
  return Math.min(MOST_DECIMALS, Math.max(2, ...own));
}

/** Decimals of prices that move by `tick`, 2 or more; undefined for no tick. */
function tickDecimals(tick: number | undefined): number | undefined {
  return isNumber(tick) && tick > 0 ? priceDecimals([tick]) : undefined;
}

/**
 * Decimals of a column or a panel: those of the instrument's `tick`, so that they stay while prices change. Where the
 * file does not say a tick, as many as all `prices` need.
 */
export function sharedDecimals(tick: number | undefined, prices: readonly (number | undefined)[]): number {
  return tickDecimals(tick) ?? priceDecimals(prices);
}

/** A price per unit with its own decimals, 2 or more. */
export function price(value: number | undefined, decimals = priceDecimals([value])): string {
  return decimal(value, decimals);
}

/** Whole units without decimals, parts with their own, at most 8 unless it is a small part; short is negative. */
export function quantity(value: number | undefined): string {
  if (!isNumber(value)) return "";
  const most = Math.abs(value) < 1e-4 ? MOST_DECIMALS : 8;
  return decimal(value, Math.min(most, ownDecimals(value, 15)));
}

/** A count with thousands separators. */
export function count(value: number | undefined): string {
  return decimal(value, 0);
}

/** `1.2 M`, `340 k`: axis ticks and volumes only. */
export function abbreviated(value: number | undefined): string {
  if (!isNumber(value)) return "";
  const size = Math.abs(value);
  if (size >= 1e9) return `${decimal(value / 1e9, 1)}\u00a0B`;
  if (size >= 1e6) return `${decimal(value / 1e6, 1)}\u00a0M`;
  if (size >= 1e4) return `${decimal(value / 1e3, 0)}\u00a0k`;
  return decimal(value, 0);
}

/** True where figures that stand in one line have more characters together than it holds: they then wrap. */
export function isLong(most: number, ...figures: string[]): boolean {
  return figures.reduce((sum, figure) => sum + figure.length, 0) > most;
}

/** `1 bot`, `4 bots`. */
export function plural(amount: number, one: string, many = `${one}s`): string {
  return `${count(amount)} ${amount === 1 ? one : many}`;
}
