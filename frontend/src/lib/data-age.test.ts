import { expect, it } from "vitest";
import { AGE_BOUNDS, ageCounts, ageQuantile, classOf, countAge } from "./data-age";
import { changed, share } from "./uptime";

it("ages are counted by class; a clock that is behind makes none negative", () => {
  expect([0, 5, 6, 1000, 9000].map(classOf)).toEqual([0, 0, 1, 7, AGE_BOUNDS.length]);
  for (const age of [-20, 3, 7, 8, 60]) countAge(age);
  expect(ageCounts().slice(0, 5)).toEqual([2, 2, 0, 0, 1]);
  expect(ageQuantile(ageCounts(), 0.5)).toBe(10);
  expect(ageQuantile(ageCounts(), 0.99)).toBe(100);
  expect(ageQuantile([0, 0], 0.5)).toBeUndefined();
});

it("uptime is the share of streaming", () => {
  let uptime = { state: "connecting", since: 0, startedAt: 0, before: 0 };
  expect(share(uptime, 0)).toBe(0);
  uptime = changed(uptime, "streaming", 10);
  uptime = changed(uptime, "polling", 70);
  expect(share(uptime, 100)).toBeCloseTo(0.6);
  uptime = changed(uptime, "streaming", 100);
  expect(share(uptime, 200)).toBeCloseTo(0.8);
});
