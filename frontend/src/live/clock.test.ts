import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fromWall, pageNow, sleepsSoFar, startClock, wallAhead } from "./clock";

const HOUR = 3_600_000;
let wall = 0;
let steady = 0;

beforeEach(() => {
  vi.spyOn(Date, "now").mockImplementation(() => wall);
  vi.spyOn(performance, "now").mockImplementation(() => steady);
  wall = 1_800_000_000_000;
  steady = 5000;
  startClock();
});

afterEach(() => void vi.restoreAllMocks());

/** Let time pass; `asleep` ms of it without the steady clock. */
function pass(ms: number, asleep = 0): void {
  wall += ms + asleep;
  steady += ms;
}

it("runs as the steady clock does", () => {
  const began = pageNow();
  for (let n = 0; n < 1000; n += 1) {
    pass(100.25);
    wall += 0.4; // put right little by little: as fast as services do that
    pageNow();
  }
  expect(pageNow() - began).toBeCloseTo(100_250, 3);
});

it.each([-HOUR, -24 * HOUR, -0.5 * HOUR])("a wall clock that is put back by %s ms changes no age", (step) => {
  const began = pageNow();
  pass(2000);
  wall += step;
  pass(3000);
  expect(pageNow() - began).toBeCloseTo(5000, 3);
});

it("sleep counts, whether the steady clock goes on meanwhile or stands still", () => {
  const began = pageNow();
  const before = sleepsSoFar();
  pass(HOUR);
  expect(pageNow() - began).toBeCloseTo(HOUR, 3);
  expect(sleepsSoFar()).toBe(before);
  pass(0, HOUR);
  expect(pageNow() - began).toBeCloseTo(2 * HOUR, 3);
  expect(sleepsSoFar()).toBe(before + 1);
});

it("never goes back and never loses steady time, whatever the wall clock does", () => {
  let last = pageNow();
  const steps = [HOUR, -HOUR, -3 * HOUR, 0, 5 * HOUR, 1, -1, 900, -900, 30 * 24 * HOUR, -400 * 24 * HOUR];
  for (const step of steps) {
    wall += step;
    pass(1000);
    const now = pageNow();
    expect(now - last).toBeGreaterThanOrEqual(999.99);
    last = now;
  }
});

it("a wall time that is yet to come is none of this page's", () => {
  pass(10);
  expect(fromWall(wall + 1)).toBeUndefined();
  expect(pageNow() - (fromWall(wall - 60_000) as number)).toBeCloseTo(60_000, 3);
  wall -= HOUR; // what was stored before is from the future now
  expect(fromWall(wall + HOUR)).toBeUndefined();
  expect(pageNow() + wallAhead()).toBeCloseTo(wall, 3);
});
