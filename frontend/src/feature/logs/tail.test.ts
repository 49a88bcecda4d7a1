import { describe, expect, it } from "vitest";
import type { LogEntry, LogTail } from "../../api/schema";
import { sparse } from "../../lib/fixture";
import { botsIn, filterLines, filterOf, isAsking, NO_FILTER, searchUrl, toQuery } from "./filter";
import { append, EMPTY_TAIL, gaps } from "./tail";

const line = (file: string, offset: number, second: number, more: Partial<LogEntry> = {}): LogEntry => ({
  file,
  offset,
  ts: `2026-01-01T12:00:${String(second).padStart(2, "0")}Z`,
  event: `event ${offset}`,
  level: "info",
  ...more,
});
const push = (part: Partial<LogTail>): LogTail => sparse<LogTail>(part);
const part = (from: number, to: number, inode = "1") => ({ inode, size: to, from, to });

describe("append", () => {
  it("merges files by time and takes no line twice", () => {
    let tail = append(
      EMPTY_TAIL,
      push({ parts: { bots: part(0, 20) }, lines: [line("bots", 0, 1), line("bots", 10, 3)] }),
    );
    tail = append(
      tail,
      push({
        parts: { bots: part(10, 30), web: part(0, 10) },
        lines: [line("bots", 10, 3), line("bots", 20, 4), line("web", 0, 2)],
      }),
    );
    expect(tail.lines.map((each) => `${each.file}${each.offset}`)).toEqual(["bots0", "web0", "bots10", "bots20"]);
    expect(tail.known.bots).toEqual({ inode: "1", from: 0, to: 30 });
  });

  it("knows a rotated file by its inode", () => {
    const before = append(EMPTY_TAIL, push({ parts: { bots: part(0, 20) }, lines: [line("bots", 0, 1)] }));
    const after = append(before, push({ parts: { bots: part(0, 5, "2") }, lines: [line("bots", 0, 9)] }));
    expect(after.lines.map((each) => each.ts)).toEqual(["2026-01-01T12:00:09Z"]);
    expect(after.known.bots).toEqual({ inode: "2", from: 0, to: 5 });
    expect(after.era).toBe(before.era + 1);
    expect(gaps(before, push({ parts: { bots: part(500, 600, "2") } }))).toEqual([]);
  });

  it("keeps the newest lines only", () => {
    const lines = Array.from({ length: 50 }, (_, index) => line("bots", index, index));
    const tail = append(EMPTY_TAIL, push({ parts: { bots: part(0, 50) }, lines }), 10);
    expect(tail.lines.map((each) => each.offset)).toEqual([42, 43, 44, 45, 46, 47, 48, 49]);
    expect(tail.known.bots).toEqual({ inode: "1", from: 42, to: 50 });
    expect(tail.era).toBe(1);
  });

  it("takes older lines that join on, and begins anew behind a hole", () => {
    const newest = append(EMPTY_TAIL, push({ parts: { bots: part(20, 30) }, lines: [line("bots", 20, 3)] }));
    const both = append(
      newest,
      push({ parts: { bots: part(10, 30) }, lines: [line("bots", 10, 2), line("bots", 20, 3)] }),
    );
    expect(both.lines.map((each) => each.offset)).toEqual([10, 20]);
    const far = append(both, push({ parts: { bots: part(90, 99) }, lines: [line("bots", 90, 9)] }));
    expect(far.lines.map((each) => each.offset)).toEqual([90]);
  });

  it("of nothing new keeps the very list", () => {
    const tail = append(EMPTY_TAIL, push({ parts: { bots: part(0, 20) }, lines: [line("bots", 0, 1)] }));
    expect(append(tail, push({ parts: { bots: part(0, 20) }, lines: [line("bots", 0, 1)] })).lines).toBe(tail.lines);
  });
});

it("gaps names where the known lines end when a push begins behind it", () => {
  const tail = append(EMPTY_TAIL, push({ parts: { bots: part(0, 20), web: part(0, 9) }, lines: [] }));
  expect(gaps(tail, push({ parts: { bots: part(100, 200), web: part(9, 20), new: part(50, 60) } }))).toEqual([
    "bots:20",
  ]);
});

describe("filterLines", () => {
  const lines = [
    line("bots", 0, 1, { level: "debug" }),
    line("bots", 1, 2, { bot: "orb_ny", event: "intraday cycle complete", cycle_id: "1-7" }),
    line("web", 2, 3, { level: "error", more: { route: "/api/bots/page" } }),
    line("raw", 3, 4, { level: undefined, event: "not json" }),
    line("raw", 4, 5, { level: "notice" }),
  ];
  const offsets = (level: "debug" | "info" | "warning", bot = "", text = ""): number[] =>
    filterLines(lines, { ...NO_FILTER, level, bot, text }).map((each) => each.offset);

  it("keeps the level and those above; a line without a known level counts as info", () => {
    expect(offsets("debug")).toEqual([0, 1, 2, 3, 4]);
    expect(offsets("info")).toEqual([1, 2, 3, 4]);
    expect(offsets("warning")).toEqual([2]);
  });

  it("by bot and by words in any field", () => {
    expect(offsets("info", "orb_ny")).toEqual([1]);
    expect(offsets("info", "", "CYCLE 1-7")).toEqual([1]);
    expect(offsets("info", "", "route=/api")).toEqual([2]);
    expect(botsIn(lines)).toEqual(["orb_ny"]);
  });
});

describe("a filter", () => {
  const RANGE = { ...NO_FILTER, since: "2026-01-01T12:00:02Z", until: "2026-01-01T12:00:04Z" };

  it("of a time range leaves out what has no time", () => {
    const lines = [1, 2, 3, 4].map((second) => line("bots", second, second));
    lines.push(line("bots", 9, 3, { ts: undefined }));
    expect(filterLines(lines, RANGE).map((each) => each.offset)).toEqual([2, 3]);
  });

  it("is kept in the address, and what is nonsense there is nothing", () => {
    const filter = { ...RANGE, level: "error" as const, text: "a b&c" };
    const kept = new URLSearchParams(toQuery(filter));
    expect(filterOf(kept)).toEqual(filter);
    expect(filterOf(new URLSearchParams("level=loud&since=yesterday"))).toEqual(NO_FILTER);
    expect(isAsking(NO_FILTER)).toBe(false);
  });

  it("is asked of the desk before the places known", () => {
    const url = new URL(searchUrl({ ...NO_FILTER, process: "bots", text: "a&b" }, { bots: 7, web: 9 }, 50), "http://x");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      level: "info",
      limit: "50",
      process: "bots",
      text: "a&b",
      before: "bots:7",
    });
  });
});

it("replaces the end of a file that had no line end by the whole line, and keeps it until then", () => {
  const part = (from: number, to: number) => ({ web: { inode: "1", size: 99, from, to } });
  const half = { file: "web", offset: 10, event: "hal", unfinished: true };
  let tail = append(EMPTY_TAIL, {
    parts: part(0, 10),
    lines: [{ file: "web", offset: 0, event: "one" }, half],
  } as unknown as LogTail);
  expect(tail.lines.map(({ event }) => event)).toEqual(["one", "hal"]);
  tail = append(tail, { parts: part(0, 10), lines: [] } as unknown as LogTail);
  expect(tail.lines.map(({ event }) => event)).toEqual(["one", "hal"]);
  tail = append(tail, { parts: part(0, 10), lines: [{ ...half, event: "half" }] } as unknown as LogTail);
  expect(tail.lines.map(({ event }) => event)).toEqual(["one", "half"]);
  tail = append(tail, {
    parts: part(10, 20),
    lines: [{ file: "web", offset: 10, event: "halfway" }],
  } as unknown as LogTail);
  expect(tail.lines.map(({ event }) => event)).toEqual(["one", "halfway"]);
  expect(tail.era).toBe(0);
});
