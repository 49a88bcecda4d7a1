/**
 * Order of names, by letters and not by their case: -1, 0 or 1. Without a collator of the browser, whose first use takes
 * longer than a whole table.
 */
export function byName(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  if (left !== right) return left < right ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}
