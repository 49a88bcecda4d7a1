import { describe, expect, it } from "vitest";
import type { ClockState } from "../api/schema";
import { SESSIONS, sparse } from "./fixture";
import { groupSessions, isScaled, openSpan, wallSpan, wallText } from "./market";

const at = (iso: string): number => Date.parse(iso);
const CLOCK = sparse<ClockState>({ state: "running", market_time: "2022-05-19T14:32:00Z", speed: 60 });
const ALL = Object.values(SESSIONS);

describe("wall time of a scaled clock", () => {
  it("inside a session is market time over speed", () => {
    expect(wallSpan(at("2022-05-19T15:30:00Z"), CLOCK, ALL)).toBe(58_000);
    expect(wallText(at("2022-05-19T15:30:00Z"), CLOCK, ALL)).toBe("58 s at x60");
  });

  it("over closed hours counts open hours only and says about", () => {
    // New York is open until 20:00: 328 market minutes; the night passes without being counted.
    expect(wallSpan(at("2022-05-20T01:30:00Z"), CLOCK, ALL)).toBe(328_000);
    expect(wallText(at("2022-05-20T01:30:00Z"), CLOCK, ALL)).toBe("about 5 min 28 s at x60");
  });

  it("is not said of what is past, of a paused clock or of a real-time feed", () => {
    expect(wallText(at("2022-05-19T14:00:00Z"), CLOCK, ALL)).toBe("");
    expect(wallText(at("2022-05-19T15:30:00Z"), { ...CLOCK, state: "paused" }, ALL)).toBe("");
    expect(wallText(at("2022-05-19T15:30:00Z"), { ...CLOCK, speed: 1, real_time: true }, ALL)).toBe("");
    expect(wallText(at("2022-05-19T15:30:00Z"), undefined, ALL)).toBe("");
    expect(isScaled({ ...CLOCK, speed: 1 })).toBe(false);
  });
});

it("open hours of several exchanges are counted once", () => {
  expect(openSpan(at("2022-05-19T13:00:00Z"), at("2022-05-19T16:00:00Z"), ALL)).toBe(3 * 3_600_000);
  expect(openSpan(at("2022-05-19T20:00:00Z"), at("2022-05-20T01:00:00Z"), ALL)).toBe(0);
  expect(openSpan(at("2022-05-19T13:00:00Z"), at("2022-05-19T16:00:00Z"), [])).toBe(0);
});

it("exchanges of one city and one time share a lane, in order of opening", () => {
  expect(groupSessions(SESSIONS).map((group) => group.codes)).toEqual([["XHKG"], ["XLON"], ["XNAS", "XNYS"]]);
  expect(groupSessions(undefined)).toEqual([]);
});
