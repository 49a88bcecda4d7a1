/** Sizes in bytes as text. */

import { count, decimal } from "./money";

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** `512 B`, `35.2 KB`, `1.0 GB`: powers of 1024. */
export function bytes(value: number): string {
  let unit = 0;
  let left = value;
  while (left >= 1024 && unit < UNITS.length - 1) {
    left /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${count(value)} B` : `${decimal(left, 1)} ${UNITS[unit]}`;
}
