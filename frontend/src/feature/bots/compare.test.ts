import { expect, it } from "vitest";
import type { BotView, Signal } from "../../api/schema";
import { bundleFixture, sparse } from "../../lib/fixture";
import { compareRows, costsOf, namesOf, totalReturn } from "./compare";
import { signalNote } from "./signals";
import { botsOf, statesOf } from "./states";
import { dayLabel, dayNotes } from "./totals";

const WALL = Date.parse("2026-01-01T12:00:00Z");
const BUNDLE = bundleFixture(WALL);
const BOTS = botsOf(BUNDLE);
const STATES = statesOf(BUNDLE, BOTS, false, WALL);
const CONTEXT = { bots: new Map(BOTS.map((bot) => [bot.bot, bot])), states: STATES };
const MARKET = Date.parse("2022-05-19T14:32:00Z");

it("compareRows has plain numbers and leaves out what is not known", () => {
  const [orb] = compareRows(BOTS, STATES);
  expect(orb?.slice(0, 5)).toEqual(["orb_ny", "intraday", "USD", "XNAS", "in session"]);
  expect(orb?.every((cell) => typeof cell !== "number" || Number.isFinite(cell))).toBe(true);
  const bare = sparse<BotView>({ bot: "b", kind: "intraday", currency: "USD", equity: 1, as_of: "x" });
  expect(compareRows([bare], new Map())[0]?.filter((cell) => cell !== undefined)).toEqual([
    "b",
    "intraday",
    "USD",
    1,
    "x",
  ]);
});

it("a bot without results has no costs and no return", () => {
  const bare = sparse<BotView>({ bot: "b", kind: "intraday", currency: "USD", equity: 1, as_of: "x" });
  expect(costsOf(bare)).toBeUndefined();
  expect(totalReturn(bare)).toBeUndefined();
  expect(namesOf(bare)).toBe("");
});

it("the label of a day says who is in it and whether it runs", () => {
  const days = BUNDLE.totals?.USD?.days ?? {};
  expect(dayLabel("2022-05-19", days["2022-05-19"] as never, CONTEXT)).toBe("orb_ny, running");
  expect(dayLabel("2022-05-18", days["2022-05-18"] as never, CONTEXT)).toBe("3 bots");
  const part = { gross: 0, fees: 0, slippage: 0, net: 0, bots: ["swing_1w", "swing_4w"], missing: ["swing_2w"] };
  expect(dayLabel("2022-05-18", part, CONTEXT)).toBe("2 of 3 bots");
});

it("the note names bots that are behind a day, not those that are ahead of it", () => {
  const total = BUNDLE.totals?.USD as NonNullable<NonNullable<typeof BUNDLE.totals>[string]>;
  expect(dayNotes(total, CONTEXT, MARKET)).toBe(
    "Only bots marked for the same day are summed. swing_1w, swing_2w, swing_4w: marked for 18 May, not in 19 May.",
  );
  const ahead = {
    ...total,
    days: { "2022-05-18": { gross: 0, fees: 0, slippage: 0, net: 0, bots: ["swing_1w"], missing: ["orb_ny"] } },
  };
  expect(dayNotes(ahead, CONTEXT, MARKET)).toBe("");
});

it("a signal says its rank, what is held, or that nothing is entered", () => {
  const signal = sparse<Signal>({ ts: "x", action: "hold", confidence: 0.3 });
  expect(signalNote("A", { ...signal, rank: 2, candidates: 10 }, sparse<BotView>({}))).toBe("rank 2 of 10");
  expect(signalNote("A", signal, sparse<BotView>({}))).toBe("no entry");
  expect(signalNote("A", signal, sparse<BotView>({ positions: { A: { quantity: -5 } } }))).toBe("short");
  expect(signalNote("A", { ...signal, action: "buy" }, sparse<BotView>({}))).toBe("buy");
});
