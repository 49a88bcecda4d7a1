import { expect, it } from "vitest";
import type { BotView, DayTotal, Signal } from "../../api/schema";
import { costsOf, totalReturn } from "../../bot/figure";
import { signalNote } from "../../bot/signals";
import { botsOf, statesOf } from "../../bot/states";
import { bundleFixture, SESSIONS, sparse } from "../../lib/fixture";
import { compareRows, namesOf } from "./compare";
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

it("the label of a day says who is in it", () => {
  const days = BUNDLE.totals?.USD?.days ?? {};
  expect(dayLabel("2022-05-19", { ...(days["2022-05-19"] as DayTotal), missing: [] }, CONTEXT)).toBe("orb_ny");
  expect(dayLabel("2022-05-19", days["2022-05-19"] as never, CONTEXT)).toBe("orb_ny only");
  expect(dayLabel("2022-05-18", { ...(days["2022-05-18"] as DayTotal), missing: [] }, CONTEXT)).toBe("3 bots");
  const part = { gross: 0, fees: 0, slippage: 0, net: 0, bots: ["swing_1w", "swing_4w"], missing: ["swing_2w"] };
  expect(dayLabel("2022-05-18", part, CONTEXT)).toBe("2 of 3 bots");
});

it("the note says who is left out of which day, and when it reports", () => {
  const total = BUNDLE.totals?.USD as NonNullable<NonNullable<typeof BUNDLE.totals>[string]>;
  const notes = (days: Record<string, string[]>, bots = CONTEXT.bots): string =>
    dayNotes(
      {
        ...total,
        days: Object.fromEntries(
          Object.entries(days).map(([day, missing]) => [
            day,
            { gross: 0, fees: 0, slippage: 0, net: 0, bots: ["orb_ny"], missing },
          ]),
        ),
      },
      { ...CONTEXT, bots },
      SESSIONS,
      MARKET,
    );
  expect(notes({ "2022-05-19": ["swing_1w", "swing_2w", "swing_4w"] })).toBe(
    "swing_1w, swing_2w and swing_4w report after the New York close.",
  );
  expect(notes({ "2022-05-19": ["swing_1w"], "2022-05-18": ["orb_ny"] })).toBe(
    "swing_1w reports after the New York close. 18 May: without orb_ny.",
  );
  const theirs = sparse<BotView>({
    bot: "theirs",
    kind: "swing",
    foreign: true,
    currency: "USD",
    equity: 1,
    as_of: "x",
  });
  const stale = sparse<BotView>({ ...theirs, day: "2022-05-02", day_pnl: { gross: 1, net: 1 } });
  expect(notes({ "2022-05-19": ["theirs"] }, new Map([["theirs", theirs]]))).toBe(
    "theirs: no daily result in the file.",
  );
  expect(notes({ "2022-05-19": ["theirs"] }, new Map([["theirs", stale]]))).toBe("theirs: newest result of 2 May.");
  expect(notes({})).toBe("");
});

it("a signal says its rank, what is held, or that nothing is entered", () => {
  const signal = sparse<Signal>({ ts: "x", action: "hold", confidence: 0.3 });
  expect(signalNote("A", { ...signal, rank: 2, candidates: 10 }, sparse<BotView>({}))).toBe("rank 2 of 10");
  expect(signalNote("A", signal, sparse<BotView>({}))).toBe("no entry");
  expect(signalNote("A", signal, sparse<BotView>({ positions: { A: { quantity: -5 } } }))).toBe("short");
  expect(signalNote("A", { ...signal, action: "buy" }, sparse<BotView>({}))).toBe("buy");
});
