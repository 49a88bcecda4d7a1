import { describe, expect, it } from "vitest";
import type { BotView } from "../api/schema";
import { bundleFixture } from "../lib/fixture";
import { answersRequests, killOf, pendingOf, pendingText } from "./asked";
import { stateLine } from "./sentence";
import { cardState } from "./state";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const BOT = bundleFixture(NOW).intraday.bots?.orb_ny as BotView;
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();
const ID = "c20260101T120000000000-aaaa";
const REQUEST = {
  id: ID,
  action: "pause",
  requested_at: at(-2),
  requested_by: "ana",
  reason: "lunch",
  due_at: at(8),
} as const;
const asked: BotView = { ...BOT, asked: { request: REQUEST } };

describe("a request", () => {
  it("is pending until the bot's state says of its id that it is over", () => {
    const as = (state: "accepted" | "done" | "refused" | "superseded"): BotView => ({
      ...BOT,
      asked: { request: { ...REQUEST, state, detail: "2 positions (A, B) still open" } },
    });
    expect(pendingOf(asked, undefined, NOW)?.what).toBe("pause");
    for (const id of ["c20260101T120001000000-0000", "note", ID])
      expect(pendingOf({ ...asked, control_id: id }, undefined, NOW)?.what).toBe("pause");
    for (const state of ["done", "refused", "superseded"] as const)
      expect(pendingOf(as(state), undefined, NOW)).toBeUndefined();
    const begun = pendingOf(as("accepted"), undefined, NOW + 60_000);
    expect(begun).toMatchObject({ what: "pause", isOverdue: false, left: "2 positions (A, B) still open" });
    expect(begun && pendingText(begun, NOW).rest).toBe("Still to do: 2 positions (A, B) still open.");
  });

  it("makes the card say requested, then not answered, never done", () => {
    const state = (now: number) => cardState({ ...asked, due_at: undefined }, { now, cached: false });
    expect(state(NOW)).toMatchObject({ kind: "asked", word: "pause requested", attention: false });
    expect(state(NOW + 8001)).toMatchObject({ kind: "unanswered", word: "pause: no response", attention: true });
    expect(cardState(asked, { now: NOW, cached: true }).kind).toBe("cached");
  });

  it("does not hide that the bot is late, and is told beside it", () => {
    const late = { ...asked, due_at: at(-5) };
    const state = cardState(late, { now: NOW + 9000, cached: false });
    expect(state).toMatchObject({ kind: "late", held: true });
    const line = stateLine(late, state, { sessions: {} }, NOW + 9000);
    expect(line.strong).toMatch(/^Cycle was due/);
    expect(line.rest).toMatch(/Pause: no response. Requested by ana 11 s ago: lunch./);
  });

  it("is told with who, when and why", () => {
    const pending = pendingOf(asked, undefined, NOW);
    expect(pending && pendingText(pending, NOW)).toEqual({
      strong: "Pause requested by ana 2.0 s ago: lunch.",
      rest: "Waiting for the bot to confirm.",
    });
    const late = pendingOf(asked, undefined, NOW + 10_000);
    expect(late && pendingText(late, NOW + 10_000).rest).toBe(
      "Requested by ana 12 s ago: lunch. A response was due 2.0 s ago; the request is still open.",
    );
  });
});

describe("a kill switch", () => {
  const kill = { killed_at: at(-1), killed_by: "ana", reason: "", due_at: at(9) };

  it("comes before any request and is pending until the bot is stopped", () => {
    const both = { ...asked, asked: { request: REQUEST, kill } };
    expect(pendingOf(both, undefined, NOW)?.what).toBe("kill switch");
    expect(pendingOf({ ...both, state: "stopped" }, undefined, NOW)).toBeUndefined();
  });

  it("of all bots stops every bot that reads requests", () => {
    expect(killOf(BOT, { kill })?.ofAll).toBe(true);
    expect(killOf({ ...BOT, foreign: true, control_id: undefined }, { kill })).toBeUndefined();
  });
});

it("a foreign bot answers only when its state carries a control_id", () => {
  expect(answersRequests(BOT)).toBe(true);
  expect(answersRequests({ ...BOT, foreign: true, control_id: undefined })).toBe(false);
  expect(answersRequests({ ...BOT, foreign: true, control_id: "" })).toBe(true);
});
