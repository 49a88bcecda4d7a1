import { expect, it } from "vitest";
import { lapsedSince, verifiedWithin } from "./verified";

const at = 1_000_000;

it("a link is good only within what it promises", () => {
  expect(verifiedWithin({ state: "streaming", pollEvery: 5000 })).toBe(40_000);
  expect(verifiedWithin({ state: "polling", pollEvery: 2000 })).toBe(6000);
  expect(verifiedWithin({ state: "offline", pollEvery: 5000 })).toBe(0);
});

it("what is shown is held from its last verification once that has lapsed", () => {
  const link = { state: "polling", pollEvery: 5000, verifiedAt: at };
  expect(lapsedSince(link, at + 12_000)).toBeUndefined();
  expect(lapsedSince(link, at + 12_001)).toBe(at);
  expect(lapsedSince({ ...link, state: "offline" }, at + 1)).toBe(at);
  expect(lapsedSince({ ...link, verifiedAt: undefined }, at)).toBeUndefined();
  expect(lapsedSince(link, at - 60_000)).toBeUndefined();
});
