/** Exact decimals: a BigInt counts units of 10^-108, so that products of three numbers of 36 decimals are exact. */

import { ClientError } from "./errors.js";

const SCALE = 108;
const DIGITS = 36;
export const ONE = 10n ** BigInt(SCALE);
const LEAST = 10n ** BigInt(SCALE - DIGITS);
const MOST = 10n ** 100n * ONE;
const NUMBER = /^([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,4}))?$/;

/** Return `value` without rounding, digits behind the 36th cut off; a number means the shortest digits that are read as it. */
export function number(name, value) {
  const text = typeof value === "string" ? value.trim() : typeof value === "number" || typeof value === "bigint" ? String(value) : "";
  const match = NUMBER.exec(text);
  if (!match) {
    const isInfinite = typeof value === "number" || /^[+-]?(nan|inf|infinity)$/i.test(text);
    throw new ClientError(`${name}=${shown(value)} is ${isInfinite ? "not a finite number" : "no number"}`);
  }
  const [whole, part = ""] = match[2].split(".");
  const exponent = Number(match[3] ?? 0) - part.length;
  let units = BigInt(whole + part || "0");
  const shift = exponent + DIGITS;
  if (shift > 0 && units !== 0n && shift > 400) throw new ClientError(`${name}=${shown(value)} is larger than 1e100, the largest number that a desk reads`);
  units = shift >= 0 ? units * 10n ** BigInt(units === 0n ? 0 : shift) : units / 10n ** BigInt(-shift);
  const found = units * LEAST * (match[1] === "-" ? -1n : 1n);
  if (abs(found) > MOST) throw new ClientError(`${name}=${shown(value)} is larger than 1e100, the largest number that a desk reads`);
  return found;
}

export function aboveZero(name, value) {
  const found = number(name, value);
  if (found <= 0n) throw new ClientError(`${name}=${shown(value)} must be above 0`);
  return found;
}

export const abs = (value) => (value < 0n ? -value : value);

export const times = (a, b) => (a * b) / ONE;

/** Return a quotient, rounded half to even to 36 decimals. */
export function divided(value, by) {
  const isNegative = value < 0n !== by < 0n;
  const top = abs(value) * 10n ** BigInt(DIGITS);
  const bottom = abs(by);
  let found = top / bottom;
  const twice = 2n * (top % bottom);
  if (twice > bottom || (twice === bottom && found % 2n === 1n)) found += 1n;
  return (isNegative ? -found : found) * LEAST;
}

/** Return plain digits without zeros at the end. */
export function plain(value) {
  const digits = abs(value).toString().padStart(SCALE + 1, "0");
  const part = digits.slice(-SCALE).replace(/0+$/, "");
  const text = digits.slice(0, -SCALE) + (part ? `.${part}` : "");
  return value < 0n ? `-${text}` : text;
}

/** Return the double that is nearest to a value. */
export const amount = (value) => (value === 0n ? 0 : Number(plain(value)));

/** Return a number with more than 36 decimals, as sums of products have. */
export function exact(text) {
  const [, sign, whole, part = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  const units = BigInt(whole) * ONE + BigInt(part.padEnd(SCALE, "0").slice(0, SCALE));
  return sign ? -units : units;
}

export function shown(value) {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
