/** How old data is when it reaches this page: wall time from the bots' write to the page, counted by size. */

/** Upper bounds of the classes, ms; the last class has none. */
export const AGE_BOUNDS = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] as const;

const counts = new Array<number>(AGE_BOUNDS.length + 1).fill(0);

/** The class of an age. */
export function classOf(ms: number): number {
  const index = AGE_BOUNDS.findIndex((bound) => ms <= bound);
  return index < 0 ? AGE_BOUNDS.length : index;
}

/** Count data that was `ms` old when it came; a negative age (two clocks) counts as none. */
export function countAge(ms: number): void {
  const index = classOf(Math.max(0, ms));
  counts[index] = (counts[index] ?? 0) + 1;
}

/** How many came in each class since the page was loaded. */
export function ageCounts(): readonly number[] {
  return [...counts];
}

/** Upper bound, ms, of the class that holds the `fraction` quantile; undefined without data, Infinity for the last. */
export function ageQuantile(found: readonly number[], fraction: number): number | undefined {
  const total = found.reduce((sum, each) => sum + each, 0);
  if (total === 0) return undefined;
  let seen = 0;
  for (const [index, each] of found.entries()) {
    seen += each;
    if (seen >= fraction * total) return AGE_BOUNDS[index] ?? Number.POSITIVE_INFINITY;
  }
  return Number.POSITIVE_INFINITY;
}
