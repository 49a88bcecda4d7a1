import { expect, it } from "vitest";
import { byName } from "./order";

it("orders names by letters, then by case, and says of equal ones that they are", () => {
  const names = ["orb_ny", "Momo", "abc", "momo_hk", "9988.HK", "Abc", "momo", "BTC/USDT", "äon"];
  expect([...names].sort(byName)).toEqual([
    "9988.HK",
    "Abc",
    "abc",
    "BTC/USDT",
    "Momo",
    "momo",
    "momo_hk",
    "orb_ny",
    "äon",
  ]);
  expect(byName("a", "a")).toBe(0);
  expect([...names].sort(byName)).toEqual([...names].reverse().sort(byName));
});
