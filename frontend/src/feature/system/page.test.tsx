import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { bytes } from "../../lib/size";
import { milliseconds, SystemPage } from "./page";

afterEach(cleanup);

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
const STREAM = { state: "streaming", since: Date.now() - 61_000, reconnects: 1, polls: 4, isOwner: true };

it("shows the cache, the stream and the times of each route", () => {
  const routes = {
    "/api/bots/page": {
      count: 1000,
      errors: 0,
      not_modified: 900,
      mean_ms: 0.5,
      p50_ms: 0.4,
      p95_ms: 1.2,
      p99_ms: 103,
    },
  };
  const desk = {
    version: "0.1.0",
    python: "3.11",
    started_at: new Date().toISOString(),
    routes,
    topics: { bots: { size: 36_045, age_s: 2 } },
  };
  const { container } = render(<SystemPage cache={CACHE} stream={STREAM} desk={desk} fetchedAt={Date.now()} />);
  expect(container.textContent).toContain("93.1\u00a0%");
  expect(container.textContent).toContain("2.0 KB in 1 entry");
  expect(screen.getByRole("row", { name: /api\/bots\/page/ }).textContent).toBe(
    "/api/bots/page1,00090000.50 ms0.40 ms1.20 ms103 ms",
  );
  expect(screen.getByRole("row", { name: /^bots/ }).textContent).toContain("35.2 KB");
});

it("says what is not known yet instead of a zero", () => {
  const cache = { ...CACHE, hits: 0, misses: 0, hitRate: 0, avgFetchTime: 0, avgCacheTime: 0 };
  const { container } = render(
    <SystemPage cache={cache} stream={STREAM} desk={undefined} fetchedAt={undefined} failed="The desk answered 500." />,
  );
  expect(container.textContent).toContain("no look-up yet");
  expect(container.textContent).toContain("no fetch yet");
  expect(container.textContent).toContain("The desk answered 500.");
  expect(container.textContent).not.toContain("0.0\u00a0%");
});

it("writes durations and sizes with the digits that matter", () => {
  expect([0.414, 12.34, 634.2].map(milliseconds)).toEqual(["0.41 ms", "12.3 ms", "634 ms"]);
  expect([512, 36_045].map(bytes)).toEqual(["512 B", "35.2 KB"]);
});
