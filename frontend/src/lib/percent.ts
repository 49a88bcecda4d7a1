/** Fractions (0.05 is 5 %) as per cent. The space before the sign does not break. */

import { decimal, isNumber, MINUS } from "./money";

const SPACE = "\u00a0";

/** `57.00 %`; `−0.99 %`. Absent gives an empty string. */
export function percent(fraction: number | undefined, decimals = 2): string {
  return isNumber(fraction) ? `${decimal(fraction * 100, decimals)}${SPACE}%` : "";
}

/** `+12.39 %`: a change; zero has no sign. */
export function percentChange(fraction: number | undefined, decimals = 2): string {
  return isNumber(fraction) ? `${decimal(fraction * 100, decimals, true)}${SPACE}%` : "";
}

/** A text of a file with figures as the page writes its own: `−1.00 %` for `-1.00%`. */
export function typeset(text: string): string {
  return text.replace(/(^|[\s(])-(?=\d)/g, `$1${MINUS}`).replace(/(\d)%(?!\w)/g, `$1${SPACE}%`);
}

/** `+1.20 pp`: the difference of two per cents. */
export function points(fraction: number | undefined): string {
  return isNumber(fraction) ? `${decimal(fraction * 100, 2, true)}${SPACE}pp` : "";
}

/** A drawdown (given 0..1) as the fall that it is: `−15.64 %`. */
export function fall(fraction: number | undefined): string {
  return isNumber(fraction) ? percent(-fraction) : "";
}

/** Return of `value` on `start`; undefined where either is missing or start is not above zero. */
export function returnOn(value: number | undefined, start: number | undefined): number | undefined {
  return isNumber(value) && isNumber(start) && start > 0 ? value / start - 1 : undefined;
}
