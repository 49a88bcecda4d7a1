import { describe, expect, it } from "vitest";
import { heldNow, proofsOf } from "./proof";
import { lapsedSince, verifiedAt } from "./verified";

const NOW = 1_000_000;
const link = (proved: string, state = "streaming") => ({
  state,
  pollEvery: 5000,
  verifiedAt: NOW,
  proved,
  provedAt: NOW,
});

describe("proofs of the machines that feed the desk", () => {
  it("make what is verified as old as the oldest of them", () => {
    const fed = link("data=1.50;limit=3.0, m-1=0.25;limit=3.0");
    expect(verifiedAt(fed, NOW)).toBe(NOW - 1500);
    expect(lapsedSince(fed, NOW + 1500)).toBeUndefined();
    expect(heldNow(fed, NOW + 1500)).toEqual([]);
  });

  it("hold what was written once they are too old, counted here while a stream tells nothing more", () => {
    const fed = link("data=1.50;limit=3.0");
    expect(lapsedSince(fed, NOW + 1501)).toBe(NOW - 1500);
    expect(heldNow(fed, NOW + 1501)).toEqual(["data"]);
  });

  it("count between two polls as the desk told them", () => {
    expect(heldNow(link("data=1.50;limit=3.0", "polling"), NOW + 4000)).toEqual([]);
    expect(heldNow(link("data=3.01;limit=3.0", "polling"), NOW)).toEqual(["data"]);
  });

  it("that never came hold from the start, with no time", () => {
    const fed = link("data=?0;limit=3.0");
    expect(proofsOf(fed, NOW).get("data")).toEqual({ isHeld: true });
    expect(lapsedSince(fed, NOW)).toBeNaN();
    expect(verifiedAt(fed, NOW)).toBe(NOW);
  });

  it("of one machine hold nothing of another", () => {
    const fed = link("a=9.00;limit=3.0, b=0.10;limit=3.0");
    expect(heldNow(fed, NOW)).toEqual(["a"]);
    expect(lapsedSince(fed, NOW)).toBeUndefined();
    expect(verifiedAt(fed, NOW)).toBe(NOW - 100);
  });

  it("are none where the desk's disk is its own source", () => {
    const own = { ...link(""), proved: undefined };
    expect(proofsOf(own, NOW).size).toBe(0);
    expect(verifiedAt(own, NOW + 5000)).toBe(NOW);
  });
});
