import { describe, expect, it } from "vitest";
import type { BotView, ClockState, Problem } from "../api/schema";
import { bundleFixture, SESSIONS, sparse, troubledFixture } from "../lib/fixture";
import { rosterOf } from "../lib/roster-fixture";
import { attentionText, ended, stateLine, sumText } from "./sentence";
import { cardState, chipText, ownProblem, problemOf, type Surroundings, sectionProblems } from "./state";
import { makeStates } from "./states";

const WALL = Date.parse("2026-01-01T12:00:00Z");
const CLOCK = sparse<ClockState>({ state: "running", market_time: "2022-05-19T14:32:00Z", speed: 60 });
const BUNDLE = bundleFixture(WALL);
const ORB = BUNDLE.intraday.bots?.orb_ny as BotView;
const SWING = BUNDLE.swing.bots?.swing_2w as BotView;
const LATE = { ...ORB, due_at: new Date(WALL - 782_000).toISOString() };
const TORN: Problem = {
  kind: "unreadable",
  file: "intraday/sim_logs/x.json",
  reason: "byte 2041: expected a comma",
  file_time: new Date(WALL - 65_000).toISOString(),
};
const BEHIND: Problem = {
  kind: "incomplete",
  file: "f",
  reason: "the day file still carries 14:25",
  since: "2022-05-19T14:26:00Z",
  file_time: new Date(WALL - 7200).toISOString(),
};

const around = (more: Partial<Surroundings> = {}): Surroundings => ({
  clock: CLOCK,
  session: SESSIONS.XNAS,
  now: WALL,
  cached: false,
  ...more,
});
const kind = (bot: BotView, more: Partial<Surroundings> = {}): string => cardState(bot, around(more)).kind;

describe("a position that lacks a corporate action", () => {
  const problem: Problem = {
    kind: "not_booked",
    file: "f",
    reason: "spin-off of GE into GEV, 2024-04-02: no price yet",
  };

  it("needs a look, and the card says which and why", () => {
    const state = cardState(ORB, around({ problem }));
    expect(state).toMatchObject({ kind: "partial", word: "not booked", attention: true, held: false });
    const { strong, rest } = stateLine(ORB, state, { sessions: SESSIONS }, WALL);
    expect(strong).toBe("f not booked.");
    expect(rest).toContain("Spin-off of GE into GEV, 2024-04-02: no price yet.");
  });

  it("says it beside a worse state too", () => {
    const state = cardState(LATE, around({ problem }));
    expect(state.kind).toBe("late");
    expect(stateLine(LATE, state, { sessions: SESSIONS }, WALL).rest).toContain("no price yet.");
  });
});

describe("a bot whose machine is not heard of", () => {
  const state = cardState(LATE, around({ heldSince: WALL - 13_000 }));

  it("is held, before it is late", () => {
    expect(state).toMatchObject({ kind: "held", word: "held", held: true, attention: true });
    expect(chipText(state, CLOCK, WALL)).toBe("held 13 s");
  });

  it("says as of when", () => {
    const { strong, rest } = stateLine(LATE, state, { sessions: SESSIONS }, WALL);
    expect(strong).toMatch(/^Held as of \d\d:\d\d/);
    expect(rest).toContain("No word from its machine");
    expect(attentionText(LATE, state, undefined, WALL)).toBe("held: no word from its machine for 13 s");
  });

  it("that was never heard of has no time", () => {
    const never = cardState(LATE, around({ heldSince: Number.NaN }));
    expect(stateLine(LATE, never, { sessions: SESSIONS }, WALL).strong).toBe("Held.");
    expect(chipText(never, CLOCK, WALL)).toBe("held");
  });
});

describe("a card has one state, the first that applies", () => {
  it("an unreadable file before all else", () => {
    expect(kind({ ...LATE, state: "paused" }, { problem: TORN, cached: true })).toBe("unreadable");
  });

  it("then an incomplete cycle, then a bot that failed, then late", () => {
    expect(kind({ ...LATE, state: "paused" }, { problem: BEHIND })).toBe("incomplete");
    expect(kind({ ...LATE, state: "error" })).toBe("failed");
    expect(kind({ ...LATE, state: "stopped" })).toBe("failed");
    expect(kind({ ...LATE, state: "paused" })).toBe("late");
  });

  it("then paused, catching up, cached, closed, on schedule", () => {
    const catching: ClockState = { ...CLOCK, state: "catching_up", progress: 0.4 };
    expect(kind({ ...ORB, state: "paused" }, { clock: catching })).toBe("paused");
    expect(kind(ORB, { clock: catching, cached: true })).toBe("catching");
    expect(kind(ORB, { session: SESSIONS.XHKG, cached: true })).toBe("cached");
    expect(kind(ORB, { session: SESSIONS.XHKG })).toBe("closed");
    expect(kind(ORB)).toBe("ok");
  });
});

describe("late", () => {
  it("begins at due_at, not before", () => {
    const bot = { ...ORB, due_at: new Date(WALL).toISOString() };
    expect(kind(bot, { now: WALL })).toBe("ok");
    expect(kind(bot, { now: WALL + 1 })).toBe("late");
  });

  it("is nobody without a schedule, and no own bot while the desk stands still", () => {
    expect(kind({ ...ORB, due_at: undefined })).toBe("ok");
    expect(kind(LATE, { clock: { ...CLOCK, state: "paused" } })).toBe("paused");
    expect(kind(LATE, { clock: { ...CLOCK, state: "finished" } })).toBe("finished");
    expect(kind({ ...LATE, foreign: true }, { clock: { ...CLOCK, state: "finished" } })).toBe("late");
  });

  it("is not said of kept data: what the desk has now is not known yet", () => {
    expect(kind(LATE, { cached: true })).toBe("cached");
  });

  it("a swing bot is on schedule while its exchange is closed", () => {
    expect(kind(SWING, { session: SESSIONS.XHKG })).toBe("ok");
  });
});

describe("words", () => {
  it("of the chip count what goes on", () => {
    const late = cardState(LATE, around());
    expect(chipText(late, CLOCK, WALL)).toBe("late 13 min");
    expect(chipText(cardState(ORB, around({ problem: BEHIND })), CLOCK, WALL)).toBe("incomplete 7 s");
    const catching: ClockState = { ...CLOCK, state: "catching_up", progress: 0.419 };
    expect(chipText(cardState(ORB, around({ clock: catching })), catching, WALL)).toBe("catching up 41\u00a0%");
    expect(chipText(cardState(ORB, around()), CLOCK, WALL)).toBe("in session");
  });

  const line = (bot: BotView, more: Partial<Surroundings> = {}, keptAt?: number): string => {
    const place = {
      clock: more.clock ?? CLOCK,
      session: more.session,
      sessions: SESSIONS,
      market: Date.parse(CLOCK.market_time),
      keptAt,
    };
    const { strong, rest } = stateLine(bot, cardState(bot, around(more)), place, WALL);
    return [strong, rest].filter(Boolean).join(" ");
  };

  it("of an error name the file, its time and the reason, and what is shown instead", () => {
    expect(line(ORB, { problem: TORN })).toBe(
      "intraday/sim_logs/x.json unreadable (written 1 min 05 s ago). Byte 2041: expected a comma. Values as of 14:32 UTC.",
    );
  });

  it("of an incomplete cycle say since when and what is behind", () => {
    expect(line(ORB, { problem: BEHIND })).toBe(
      "Cycle incomplete since 14:26 UTC. The day file still carries 14:25. Values as of 14:32 UTC.",
    );
  });

  it("of a late mark name its day, and of what day the values are", () => {
    const late = { ...SWING, due_at: LATE.due_at };
    expect(line(late)).toBe("Mark of 19 May was due 13 min 02 s ago. Values as of the close of 18 May.");
    expect(attentionText(late, cardState(late, around()), Date.parse(CLOCK.market_time), WALL)).toBe(
      "mark of 19 May overdue 13 min 02 s",
    );
  });

  it("of a closed market say when it opens, in market and wall time", () => {
    expect(line({ ...ORB, positions: {} }, { session: SESSIONS.XHKG })).toBe(
      "Session over, flat. Last cycle 14:32 UTC. Opens Fri 09:30 HKT (about 5 min 28 s at x60).",
    );
  });

  it("of kept data say from when", () => {
    expect(line(ORB, { cached: true }, WALL - 180_000)).toBe("Saved copy from 3 min 00 s ago, checking for updates.");
  });

  it("of a bot without a reason do not invent one", () => {
    expect(line({ ...ORB, state: "error" })).toBe("The bot raised an error. No reason given. Values as of 14:32 UTC.");
    expect(ended("stop at the low")).toBe("Stop at the low.");
    expect(ended("Why?")).toBe("Why?");
  });

  it("of a sum subtract what is short", () => {
    expect(sumText(112_217.89, -12_256.8, { currency: "USD" })).toEqual([
      "cash 112,217.89",
      "\u2212 positions 12,256.80",
    ]);
    expect(sumText(undefined, undefined, { currency: "USD" })).toEqual([]);
  });
});

describe("problems", () => {
  it("belong to the bot that they name or that their key names", () => {
    const bundle = troubledFixture(WALL);
    expect(problemOf(bundle.errors, bundle.intraday.bots?.vwap_ldn as BotView)?.kind).toBe("incomplete");
    expect(problemOf({ "intraday.orb_ny": TORN }, ORB)?.kind).toBe("unreadable");
    expect(problemOf({ any: { ...TORN, bot: "other" } }, ORB)).toBeUndefined();
    expect(problemOf({ a: { ...BEHIND, bot: "orb_ny" }, b: { ...TORN, bot: "orb_ny" } }, ORB)?.kind).toBe("unreadable");
  });

  it("of no bot are the section's", () => {
    const bundle = { ...bundleFixture(WALL), errors: { "intraday.rolling": TORN, "intraday.orb_ny": TORN } };
    const { roster } = rosterOf(bundle);
    expect(sectionProblems(roster).map(([key]) => key)).toEqual(["intraday.rolling"]);
    const unread = { "swing/x": { errors: { "swing.x": TORN } } };
    expect(sectionProblems({ ...roster, unread }).map(([key]) => key)).toEqual(["intraday.rolling", "swing.x"]);
  });

  it("of a bot are the worst of its own, but not that a request cannot be read", () => {
    expect(ownProblem({ ...ORB, errors: { "intraday.orb_ny": TORN } })?.kind).toBe("unreadable");
    expect(ownProblem({ ...ORB, errors: { "control.orb_ny.x": TORN } })).toBeUndefined();
    expect(ownProblem(ORB)).toBeUndefined();
  });
});

it("bots stand by currency, the fullest first, and each has a state", () => {
  const { roster } = rosterOf(troubledFixture(WALL));
  expect(roster.bots.map((bot) => bot.bot)).toEqual([
    "orb_ny",
    "swing_1w",
    "swing_2w",
    "swing_4w",
    "vwap_ldn",
    "momo_hk",
  ]);
  const states = makeStates()(roster.bots, roster, false, WALL);
  expect([...states].filter(([, state]) => state.attention).map(([key]) => key)).toEqual([
    "swing/swing_2w",
    "intraday/vwap_ldn",
  ]);
});

describe("states", () => {
  it("are the same objects until one of them is another", () => {
    const { roster } = rosterOf(bundleFixture(WALL));
    const find = makeStates();
    const first = find(roster.bots, roster, false, WALL);
    expect(find(roster.bots, roster, false, WALL + 10)).toBe(first);
    const due = Date.parse(roster.byKey.get("intraday/orb_ny")?.due_at ?? "");
    expect(find(roster.bots, roster, false, due)).toBe(first);
    const late = find(roster.bots, roster, false, due + 1);
    expect(late.get("intraday/orb_ny")?.kind).toBe("late");
    expect(late.get("swing/swing_1w")).toBe(first.get("swing/swing_1w"));
    expect(find(roster.bots, roster, true, due + 1).get("intraday/orb_ny")?.kind).toBe("cached");
  });

  it("of two bots of one name are told apart", () => {
    const bots = [ORB, { ...ORB, kind: "swing" as const, state: "error" as const }];
    const states = makeStates()(bots, {}, false, WALL);
    expect([...states].map(([key, { word }]) => [key, word])).toEqual([
      ["intraday/orb_ny", "on schedule"],
      ["swing/orb_ny", "error"],
    ]);
  });
});
