import { expect, it } from "vitest";
import type { BotView, IndexDay, IndexTotal, Signal } from "../../api/schema";
import { costsOf, totalReturn } from "../../bot/figure";
import { signalNote } from "../../bot/signals";
import { makeStates } from "../../bot/states";
import type { Bot } from "../../lib/bot";
import { bundleFixture, SESSIONS, sparse } from "../../lib/fixture";
import { rosterOf } from "../../lib/roster-fixture";
import { compareRows } from "./compare";
import { filterBots, namesOf, rowsOf, sortBots, sortFrom, sortText } from "./rows";
import { dayLabel, dayNotes } from "./totals";

const WALL = Date.parse("2026-01-01T12:00:00Z");
const { roster: ROSTER } = rosterOf(bundleFixture(WALL));
const BOTS = ROSTER.bots;
const STATES = makeStates()(BOTS, ROSTER, false, WALL);
const CONTEXT = { bots: BOTS.filter(({ currency }) => currency === "USD"), states: STATES };
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
  const days = ROSTER.totals?.USD?.days ?? {};
  const alone = { ...CONTEXT, bots: CONTEXT.bots.slice(0, 1) };
  expect(dayLabel("2022-05-19", { ...(days["2022-05-19"] as IndexDay), missing: [], missing_total: 0 }, alone)).toBe(
    "orb_ny",
  );
  expect(dayLabel("2022-05-19", days["2022-05-19"] as IndexDay, CONTEXT)).toBe("orb_ny only");
  expect(dayLabel("2022-05-18", { ...(days["2022-05-18"] as IndexDay), missing: [], missing_total: 0 }, CONTEXT)).toBe(
    "3 bots",
  );
  const part = { gross: 0, fees: 0, slippage: 0, net: 0, bots: 2, missing: ["swing_2w"], missing_total: 1 };
  expect(dayLabel("2022-05-18", part, CONTEXT)).toBe("2 of 3 bots");
  expect(dayLabel("2022-05-18", { ...part, bots: 1, missing_total: 999 }, CONTEXT)).toBe("1 of 1,000 bots");
});

it("the note says who is left out of which day, and when it reports", () => {
  const total = ROSTER.totals?.USD as IndexTotal;
  const notes = (days: Record<string, string[]>, bots: readonly Bot[] = CONTEXT.bots, more = 0): string =>
    dayNotes(
      {
        ...total,
        days: Object.fromEntries(
          Object.entries(days).map(([day, missing]) => [
            day,
            { gross: 0, fees: 0, slippage: 0, net: 0, bots: 1, missing, missing_total: missing.length + more },
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
  expect(notes({ "2022-05-19": ["theirs"] }, [theirs])).toBe("theirs: no daily result in the file.");
  expect(notes({ "2022-05-19": ["theirs"] }, [stale])).toBe("theirs: newest result of 2 May.");
  expect(notes({ "2022-05-19": ["theirs"] }, [stale], 980)).toBe(
    "theirs: newest result of 2 May. 19 May: without 980 more bots.",
  );
  expect(notes({})).toBe("");
});

it("bots are sorted by a column, sums of money apart by currency, and what has no value comes last", () => {
  const names = (sort: string): string[] => sortBots(BOTS, sortFrom(sort)).map(({ bot }) => bot);
  expect(names("-bot")).toEqual([...names("bot")].reverse());
  expect(new Set(names("equity"))).toEqual(new Set(BOTS.map(({ bot }) => bot)));
  const usd = sortBots(BOTS, sortFrom("-equity")).filter(({ currency }) => currency === "USD");
  expect(usd).toEqual([...usd].sort((a, b) => b.equity - a.equity));
  expect(sortBots(BOTS, sortFrom("-equity")).map(({ currency }) => currency)).toEqual(
    BOTS.map(({ currency }) => currency),
  );
  const bare = sparse<Bot>({ bot: "a", kind: "intraday", currency: "USD", equity: 1 });
  for (const sort of ["drawdown", "-drawdown"]) expect(sortBots([bare, ...BOTS], sortFrom(sort)).at(-1)).toBe(bare);
  expect(sortBots(BOTS, sortFrom("nonsense"))).toBe(BOTS);
  expect(sortText(sortFrom("-day_net") ?? { by: "", down: false })).toBe("-day_net");
});

it("a row is the same object until its bot or its state is another", () => {
  const rows = rowsOf(BOTS, STATES, undefined);
  expect(rows.filter(({ first }) => first).map(({ bot }) => bot.currency)).toEqual(["GBP", "HKD"]);
  const [orb, ...others] = BOTS;
  const next = rowsOf([{ ...(orb as Bot) }, ...others], STATES, undefined);
  expect(next.map((row, at) => row === rows[at])).toEqual([false, true, true, true, true, true]);
  expect(filterBots(BOTS, STATES, "")).toBe(BOTS);
});

it("a signal says its rank, what is held, or that nothing is entered", () => {
  const signal = sparse<Signal>({ ts: "x", action: "hold", confidence: 0.3 });
  expect(signalNote("A", { ...signal, rank: 2, candidates: 10 }, sparse<BotView>({}))).toBe("rank 2 of 10");
  expect(signalNote("A", signal, sparse<BotView>({}))).toBe("no entry");
  expect(signalNote("A", signal, sparse<BotView>({ positions: { A: { quantity: -5 } } }))).toBe("short");
  expect(signalNote("A", { ...signal, action: "buy" }, sparse<BotView>({}))).toBe("buy");
});
