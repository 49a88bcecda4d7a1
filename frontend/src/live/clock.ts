/**
 * The page's own clock, and the only place that reads the wall clock: that may be wrong, and be put right meanwhile.
 *
 * Some browsers' steady clock stands still while the machine sleeps. What the wall clock has gained on it is therefore
 * taken as sleep: an age may be too old when the clock was put forward, until the desk is heard of, and is never too young.
 */

/** Milliseconds from one reading to the next that two clocks may differ by without anything having happened. */
const APART = 1000;

let wall: number;
let steady: number;
let ahead: number;
let sleeps = 0;

/** Begin with the wall clock as it is: once, when the page is loaded. */
export function startClock(): void {
  wall = Date.now();
  steady = performance.now();
  ahead = wall - steady;
}

startClock();

/** This page's time, ms: wall time as the page was loaded, steady from there on; it never goes back. */
export function pageNow(): number {
  const [w, s] = [Date.now(), performance.now()];
  const lost = w - wall - (s - steady);
  if (lost > APART) {
    ahead += lost;
    sleeps += 1;
  }
  wall = w;
  steady = s;
  return s + ahead;
}

/** How often the wall clock has gained on the steady one: the machine slept, or its clock was put forward. */
export function sleepsSoFar(): number {
  return sleeps;
}

/** Milliseconds that the wall clock is ahead of this page's time now. */
export function wallAhead(): number {
  return -pageNow() + wall;
}

/** This page's time of the wall time `at`; undefined for one that is yet to come, as after the clock was put back. */
export function fromWall(at: number): number | undefined {
  const now = pageNow();
  return at > wall ? undefined : now - wall + at;
}
