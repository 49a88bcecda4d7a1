import { expect, it } from "vitest";
import type { BotsIndex } from "../api/schema";
import { bundleFixture } from "./fixture";
import { pack, unpack } from "./pack";
import { indexOf } from "./roster-fixture";

const INDEX = indexOf(bundleFixture(Date.parse("2026-11-24T09:00:00Z")));

function many(count: number): BotsIndex {
  const [first, second] = Object.values(INDEX.bots);
  const rows = Array.from({ length: count }, (_, n) => [
    `intraday/b${n}`,
    { ...(n % 2 ? first : second), bot: `b${n}` },
  ]);
  return { ...INDEX, bots: Object.fromEntries(rows) };
}

it("an index of many bots is what it was after it was kept, and takes less room", () => {
  const index = many(1000);
  const kept = JSON.stringify(pack(index));
  expect(unpack(JSON.parse(kept))).toEqual(JSON.parse(JSON.stringify(index)));
  expect(kept.length).toBeLessThan(0.75 * JSON.stringify(index).length);
});

it("the order of a row's members is kept, which counts where a patch is checked", () => {
  const orders = ["ac", "abc", "ad", "abdc", "acb", "b", ""];
  const row = (order: string): object => Object.fromEntries([...order].map((name) => [name, 1]));
  const bots = Object.fromEntries(
    Array.from({ length: 210 }, (_, n) => [`k${n}`, row(orders[n % orders.length] ?? "")]),
  );
  const index = { totals: {}, bots };
  expect(JSON.stringify(unpack(JSON.parse(JSON.stringify(pack(index)))))).toBe(JSON.stringify(index));
});

it("anything else is kept as it is", () => {
  for (const data of [INDEX, { bots: {}, totals: {} }, { a: 1 }, [1], "text", 5]) {
    expect(pack(data)).toBe(data);
    expect(unpack(data)).toBe(data);
  }
});
