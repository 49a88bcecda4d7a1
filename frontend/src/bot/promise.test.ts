import { describe, expect, it } from "vitest";
import type { BotView } from "../api/schema";
import { bundleFixture, sparse } from "../lib/fixture";
import {
  clearAllPromise,
  clearPromise,
  flattenAllPromise,
  flattenPromise,
  keepAllChoice,
  keepChoice,
  pausePromise,
  resumePromise,
} from "./promise";

const MARKET = Date.parse("2022-05-19T02:00:00Z");
const FIXTURE = bundleFixture(Date.parse("2026-01-01T12:00:00Z"));
const SWING: BotView = { ...(FIXTURE.swing.bots?.swing_1w as BotView), next_open_at: "2022-05-19T13:30:00Z" };
const DAY: BotView = { ...(FIXTURE.intraday.bots?.orb_ny as BotView) };
const held = (...symbols: string[]) =>
  sparse<NonNullable<BotView["positions"]>>(Object.fromEntries(symbols.map((symbol) => [symbol, { quantity: 1 }])));
const leaving = { XOM: "o1", AVGO: "o2" };

const AGAIN = "Cancelled entry orders are not placed again: a swing bot waits for its next rebalance.";

describe("a flatten", () => {
  it("says what it closes and when, and that the bot is then paused", () => {
    const two = { ...SWING, positions: held("XOM", "AVGO"), positions_total: 2 };
    expect(flattenPromise(two, MARKET)).toBe(
      "It closes 2 open positions (XOM, AVGO) at the next open, 13:30 UTC. Entry orders are cancelled and " +
        "not placed again. It is then paused. Press Resume to let it trade again.",
    );
    expect(flattenPromise({ ...DAY, positions: held("MSFT"), positions_total: 1 }, MARKET)).toMatch(
      /^It closes 1 open position \(MSFT\) at the next bar\./,
    );
    expect(flattenPromise({ ...DAY, positions: {}, positions_total: 0 }, MARKET)).toMatch(
      /^There are no open positions\./,
    );
    expect(flattenAllPromise([two, { ...DAY, foreign: true }])).toMatch(
      /^2 open positions are closed, .* Bots of other programs are not affected\.$/,
    );
  });
});

describe("clearing a kill switch", () => {
  it("names the exits that are cancelled, and offers to keep them", () => {
    const resumes = "Trading resumes. Cancelled entry orders are not placed again: it waits for its next rebalance.";
    expect(clearPromise({ ...SWING, leaving }, false)).toBe(
      `${resumes} The switch ordered 2 exits (XOM, AVGO) not filled yet: they are cancelled and the positions stay open.`,
    );
    expect(keepChoice({ ...SWING, leaving }, MARKET)).toBe("Let them fill at the next open, 13:30 UTC instead");
    expect(clearPromise(SWING, false)).toBe(resumes);
    expect(clearPromise(DAY, false)).toMatch(/: it decides again at its next bar\.$/);
    expect(keepChoice(SWING, MARKET)).toBeUndefined();
  });

  it("does not promise to cancel what a flatten still asks for", () => {
    const left = { ...SWING, leaving, state: "stopped" as const, paused: "paused by ana", flatten: "flatten, asked" };
    expect(clearPromise(left, false)).toBe(
      "It is paused, as before: press Resume to let it trade. " +
        `The flatten of ${SWING.bot} goes on: 2 exits (XOM, AVGO) are not cancelled.`,
    );
    expect(keepChoice(left, MARKET)).toBeUndefined();
    const killed = { ...DAY, state: "stopped" as const, leaving: { MSFT: "o3" } };
    expect(clearAllPromise([left, killed])).toBe(
      `All bots resume. Bots that were paused before stay paused (${SWING.bot}). Cancelled entry orders ` +
        `are not placed again: a swing bot waits for its next rebalance. The switch ordered 1 exit ` +
        `(${DAY.bot} MSFT) not filled yet: it is cancelled and the position stays open. ` +
        `The flatten of ${SWING.bot} goes on: 2 exits (XOM, AVGO) are not cancelled.`,
    );
    expect(keepAllChoice([left])).toBeUndefined();
    expect(keepAllChoice([left, killed])).toBe("Let it fill instead");
  });

  it("does not promise trading to who stays paused or stopped", () => {
    expect(clearPromise({ ...SWING, paused: "paused by ana" }, false)).toMatch(/^It is paused, as before/);
    expect(clearPromise({ ...SWING, leaving }, true)).toBe(
      "It stays stopped: the kill switch of all bots is still on.",
    );
  });

  it("of all bots leaves out those with a switch of their own", () => {
    const own = { ...DAY, asked: { kill: { reason: "", killed_by: "ana" } }, leaving: { MSFT: "o3" } };
    expect(clearAllPromise([{ ...SWING, leaving: { XOM: "o1" } }, own])).toBe(
      `All bots resume, except those with their own kill switch still on (${DAY.bot}). ${AGAIN} The switch ` +
        `ordered 1 exit (${SWING.bot} XOM) not filled yet: it is cancelled and the position stays open.`,
    );
    expect(clearAllPromise([SWING, { ...DAY, paused: "paused by ana" }])).toBe(
      `All bots resume. Bots that were paused before stay paused (${DAY.bot}). ${AGAIN}`,
    );
    expect(keepAllChoice([SWING])).toBeUndefined();
  });
});

it("a pause and a resume say what holds and what goes", () => {
  expect(pausePromise(SWING)).toContain("A rebalance that falls due waits until then.");
  expect(pausePromise(DAY)).not.toContain("rebalance");
  expect(resumePromise({ ...DAY, leaving: { MSFT: "o1" } })).toBe(
    "It may open positions again. The flatten ordered 1 exit (MSFT) not filled yet: it is cancelled and the position " +
      "stays open.",
  );
});
