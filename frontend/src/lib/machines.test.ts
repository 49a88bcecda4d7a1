import { expect, test } from "vitest";
import type { IndexTotal, MachineLine } from "../api/schema";
import { totalsWithout } from "./machines";
import { heldBots, stepsIn } from "./proof";

function total(bots: number, equity: number, day: number): IndexTotal {
  const row = { bots, gross: day, fees: 0, slippage: 0, net: day, missing: [], missing_total: 0 };
  return { currency: "USD", bots, equity, open_positions: 2 * bots, drawdown: 0.1, days: { "2022-05-19": row } };
}

const isOfA = (bot: string): boolean => bot.startsWith("a~");
const MACHINES = { a: { bots: 1, asked: {}, totals: { USD: total(1, 100.1, 0.1) } } } as Record<string, MachineLine>;

test("a machine that is held is in no sum of the rest, and no fall is shown that has it in it", () => {
  const found = totalsWithout({ USD: total(3, 300.3, 0.3) }, MACHINES, ["a"], isOfA).USD;
  expect(found).toMatchObject({ bots: 2, equity: 200.2, open_positions: 4 });
  expect(found?.days?.["2022-05-19"]).toMatchObject({ bots: 2, gross: 0.2, net: 0.2 });
  expect(found?.drawdown).toBeUndefined();
  expect(totalsWithout({ USD: total(1, 100.1, 0.1) }, MACHINES, ["a"], isOfA)).toEqual({});
  const all = { USD: total(3, 300.3, 0.3) };
  expect(totalsWithout(all, MACHINES, [], isOfA)).toEqual(all);
});

test("a bot that is gone is not named as one that a day lacks", () => {
  const all = total(3, 3, 0.3);
  const day = { ...all.days?.["2022-05-19"], bots: 1, missing: ["a~swing", "b~swing"], missing_total: 2 };
  const machines = { a: { ...MACHINES.a, totals: { USD: { ...total(1, 1, 0), days: {} } } } } as typeof MACHINES;
  const found = totalsWithout({ USD: { ...all, days: { "2022-05-19": day } } as IndexTotal }, machines, ["a"], isOfA);
  expect(found.USD?.days?.["2022-05-19"]).toMatchObject({ bots: 1, missing: ["b~swing"], missing_total: 1 });
});

test("a figure that one bot does not say stays unsaid", () => {
  const { equity: _, ...rest } = total(3, 1, 1);
  expect(totalsWithout({ USD: rest as IndexTotal }, MACHINES, ["a"], isOfA).USD?.equity).toBeUndefined();
});

test("bots of a machine that is not heard of are held, those of others are not", () => {
  const link = { state: "streaming", proved: "a=9.00;limit=3.0, b=0.20;limit=3.0, c=?0;limit=3.0", provedAt: 100_000 };
  const held = heldBots({ ...link, verifiedAt: 100_000 }, 100_000);
  expect(held.since("a")).toBe(91_000);
  expect(held.since("b")).toBeUndefined();
  expect(held.since("c")).toBeNaN();
  expect(held.since("new")).toBeNaN();
  expect(held.since()).toBeUndefined();
  expect(heldBots({ state: "streaming" }, 0).since("a")).toBeUndefined();
  expect(heldBots({ state: "streaming", verifiedAt: 1 }, 1).since("a")).toBeNaN();
  expect(heldBots({ ...link, proved: "data=9.00;limit=3.0" }, 100_000).since("b")).toBe(91_000);
});

test("the clock of a machine that is heard of leads where that of the first is held", () => {
  const machines = { a: { as_of: "x" }, b: {}, c: { as_of: "x" } };
  const bots = [{ machine: "a" }, { machine: "c" }];
  const held = heldBots(
    { state: "streaming", proved: "a=9.00;limit=3.0, b=0.10;limit=3.0, c=0.10;limit=3.0", provedAt: 9 },
    9,
  );
  expect(stepsIn({ machines, bots }, held)).toBe("c");
  expect(stepsIn({ machines, bots: [...bots, {}] }, held)).toBe("");
  expect(stepsIn({ bots }, held)).toBe("");
  const live = heldBots({ state: "streaming", proved: "a=0.10;limit=3.0, c=9.00;limit=3.0", provedAt: 9 }, 9);
  expect(stepsIn({ machines, bots }, live)).toBe("");
});
