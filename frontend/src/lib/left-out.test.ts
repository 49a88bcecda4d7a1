import { describe, expect, it } from "vitest";
import { unshown, unshownValue } from "./left-out";

const held = { quantity: 1, average_price: 10 };
const positions = { A: { ...held, market_value: 100.25 }, B: { ...held, market_value: -40 } };

describe("what a bundle leaves out of a bot", () => {
  it("is nothing where all is there, also where an older desk does not say how much there is", () => {
    const bots: Parameters<typeof unshown>[0][] = [
      { positions, positions_total: 2, positions_value: 60.25 },
      { positions },
      {},
    ];
    for (const bot of bots) {
      expect([unshown(bot), unshownValue(bot)]).toEqual([0, 0]);
    }
  });

  it("is counted and adds up with what is shown", () => {
    const bot = { positions, positions_total: 50, positions_value: 1000 };
    expect(unshown(bot)).toBe(48);
    expect(unshownValue(bot)).toBeCloseTo(939.75, 2);
  });

  it("has no value where a position has no price", () => {
    expect(unshownValue({ positions, positions_total: 50 })).toBeUndefined();
    expect(unshownValue({ positions: { A: held }, positions_total: 50, positions_value: 5 })).toBeUndefined();
  });
});
