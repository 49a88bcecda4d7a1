import { cleanup, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { BotView, SystemMetrics, Watched } from "../../api/schema";
import { sparse } from "../../lib/fixture";
import { bytes } from "../../lib/size";
import { startClock } from "../../live/clock";
import { WatchLine } from "../../ui/watch-line";
import { counter, SystemPage } from "./page";
import { milliseconds } from "./part";

const NOW = Date.parse("2026-11-24T09:00:00Z");
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  startClock();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const CACHE = {
  hits: 27,
  misses: 2,
  hitRate: 27 / 29,
  avgFetchTime: 12.34,
  avgCacheTime: 0.021,
  notModified: 3,
  savedBytes: 4096,
  stored: 2048,
  entries: 1,
};
const STREAM = {
  state: "pushed",
  since: NOW - 61_000,
  uptime: 0.987,
  reconnects: 1,
  falls: 2,
  polls: 4,
  misfits: 0,
  isOwner: true,
};
const ROUTE = { count: 1000, errors: 0, not_modified: 900, mean_ms: 0.5, p50_ms: 0.4, p95_ms: 1.2, p99_ms: 103 };
const DESK = sparse<SystemMetrics>({
  version: "0.1.0",
  python: "3.11",
  started_at: new Date().toISOString(),
  routes: { "/api/bots/page": ROUTE },
  topics: { bots: { size: 36_045, age_s: 2 } },
  process: { pid: 4711, threads: 9, cpu_s: 1.25, cores: 2, system: "Linux 6.18", memory_bytes: 80 << 20 },
  disk: { total_bytes: 2 ** 31, free_bytes: 2 ** 30 },
  live: { viewers: 3, push_p50_ms: 1.234, bytes_sent: 2048, trusts_events: 1 },
});
const REST = { cache: CACHE, stream: STREAM, ages: [], bots: [], watch: undefined, fetchedAt: Date.now() };

it("shows the cache, the link, the process and the times of each route", () => {
  const { container } = render(<SystemPage {...REST} desk={DESK} />);
  for (const text of ["93.1\u00a0%", "2.0 KB in 1 entry", "98.7\u00a0%", "4711", "80.0 MB", "1.0 GB free of 2.0 GB"])
    expect(container.textContent).toContain(text);
  expect(screen.getByRole("row", { name: /api\/bots\/page/ }).textContent).toBe(
    "/api/bots/page1,00090000.50 ms0.40 ms1.20 ms103 ms",
  );
  expect(screen.getByRole("row", { name: /^bots/ }).textContent).toContain("35.2 KB");
});

it("shows each bot against its own schedule, and how old data was when it came", () => {
  const bots = [
    sparse<BotView>({
      bot: "orb_ny",
      state: "active",
      as_of: "2022-05-19T14:32:00Z",
      written_at: new Date(Date.now() - 2000).toISOString(),
      due_at: new Date(Date.now() - 1000).toISOString(),
    }),
  ];
  const { container } = render(<SystemPage {...REST} bots={bots} ages={[0, 7, 2, 0, 1]} desk={undefined} />);
  expect(screen.getByRole("row", { name: /^orb_ny/ }).textContent).toMatch(
    /active.*14:32 UTC.*2\.\d s.*overdue 1\.\d s/,
  );
  expect(screen.getByRole("table", { name: "Age of data on arrival, 10 times" })).toBeTruthy();
  expect(container.textContent).toContain("p50 10 ms, p99 100 ms");
});

it("says how old the desk's figures are, the viewers beside them too", () => {
  const { container } = render(<SystemPage {...REST} fetchedAt={Date.now() - 4200} desk={DESK} />);
  expect(container.textContent).toMatch(/Deskas of 4\.\d s ago, from the process that answered/);
  expect(container.textContent).toMatch(/Viewers3 4\.\d s ago/);
});

it("says what is not known yet instead of a zero", () => {
  const cache = { ...CACHE, hits: 0, misses: 0, hitRate: 0, avgFetchTime: 0, avgCacheTime: 0 };
  const { container } = render(
    <SystemPage {...REST} cache={cache} desk={undefined} fetchedAt={undefined} failed="The desk answered 500." />,
  );
  expect(container.textContent).toContain("no lookups yet");
  expect(container.textContent).toContain("no requests yet");
  expect(container.textContent).toContain("No updates since");
  expect(container.textContent).toContain("The desk answered 500.");
});

it("writes counters, durations and sizes with the digits and units that matter", () => {
  expect([0.414, 12.34, 634.2].map(milliseconds)).toEqual(["0.41 ms", "12.3 ms", "634 ms"]);
  expect([512, 36_045, 2 ** 30].map(bytes)).toEqual(["512 B", "35.2 KB", "1.0 GB"]);
  expect(counter("push_p50_ms", 1.234)).toEqual(["push p50", "1.23 ms"]);
  expect(counter("bytes_sent", 2048)).toEqual(["bytes sent", "2.0 KB"]);
  expect(counter("not_modified_bytes", 10)).toEqual(["not modified bytes", "10 B"]);
  expect(counter("conflations", 1200)).toEqual(["conflations", "1,200"]);
});

const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
const WATCH = sparse<Watched>({
  processes: {
    desk: { state: "running", pid: 1, started_at: ago(600) },
    bots: { state: "waiting", restarts: 3, started_at: ago(9), ended: "was killed by SIGKILL", ended_at: ago(7) },
  },
  alarms: {
    "process.bots": { kind: "process", level: "error", subject: "bots", since: ago(7), text: "the process bots ended" },
    "bot.orb_ny": {
      kind: "dead_bot",
      level: "error",
      subject: "orb_ny",
      bot: "orb_ny",
      since: ago(70),
      text: "orb_ny is dead",
    },
  },
  cleared: {
    "disk.room": {
      kind: "disk",
      level: "warning",
      subject: "disk",
      since: ago(7200),
      cleared_at: ago(3600),
      text: "the disk was nearly full",
    },
  },
});

it("says which process ended and why, what is wrong and what is clear again", () => {
  render(<SystemPage {...REST} watch={WATCH} desk={undefined} />);
  expect(screen.getByRole("row", { name: /^bots/ }).textContent).toMatch(/waiting.*3was killed by SIGKILL7\.0 s/);
  expect(screen.getByRole("row", { name: /^the process bots ended/ }).textContent).toContain("ongoing");
  expect(screen.getByRole("row", { name: /^the disk was nearly full/ }).textContent).toMatch(
    /2 h.*1 h|120 min.*60 min/,
  );
});

it("says that nobody watches where neither aion up nor aion watch runs", () => {
  const { container } = render(<SystemPage {...REST} desk={undefined} />);
  expect(container.textContent).toContain("No watchdog runs on this folder");
});

it("does not say that nothing is wrong while it cannot know", () => {
  const calm = { ...WATCH, alarms: {}, cleared: {} };
  const { container, rerender } = render(<SystemPage {...REST} watch={calm} desk={undefined} />);
  expect(container.textContent).toContain("No alarms.");
  rerender(<SystemPage {...REST} watchProblem="watch/watch.json is cut off" desk={undefined} />);
  expect(container.textContent).toContain("Unknown: watch/watch.json is cut off");
  expect(container.textContent).not.toContain("No watchdog runs");
  rerender(<SystemPage {...REST} watch={calm} desk={undefined} failed="answered 500" />);
  expect(container.textContent).not.toContain("No alarms.");
});

it("tells on every page what is wrong beside the bots' own data, and nothing when all is well", () => {
  const { container } = render(<WatchLine watch={WATCH} />);
  expect(container.textContent).toMatch(/1 alarmthe process bots ended \(for 7\.0 s\)/);
  expect(container.textContent).not.toContain("orb_ny");
  cleanup();
  expect(render(<WatchLine watch={sparse<Watched>({})} />).container.textContent).toBe("");
});
