/** The client API of the caching strategy, line by line as it is documented there. */

import { beforeEach, expect, it, vi } from "vitest";
import { keepNothing } from "./bench";
import {
  CACHE_TTL,
  clearAllCache,
  fetchWithCache,
  getCached,
  getCacheStats,
  invalidateCache,
  setCached,
  warmCache,
} from "./clientCache";

interface Bundle {
  equity: number;
}

const KEY = "api:/api/bots/page";
const STORED = "aion_cache_api:/api/bots/page";
let asked: string[] = [];

beforeEach(() => {
  keepNothing();
  asked = [];
  vi.stubGlobal("fetch", async (url: string) => {
    asked.push(url);
    return new Response(JSON.stringify({ equity: 100 + asked.length }), { headers: { ETag: `W/"${asked.length}"` } });
  });
});

it("getCached gives what setCached stored until its time to live is over, then null", () => {
  vi.useFakeTimers();
  expect(getCached<Bundle>(KEY)).toBeNull();
  setCached(KEY, { equity: 1 }, { ttl: 5000 });
  vi.advanceTimersByTime(4999);
  expect(getCached<Bundle>(KEY)).toEqual({ equity: 1 });
  vi.advanceTimersByTime(1);
  expect(getCached<Bundle>(KEY)).toBeNull();
});

it("an entry lies in localStorage under its prefix as data, timestamp and ttl", () => {
  setCached(KEY, { equity: 1 });
  expect(Object.keys(localStorage).filter((key) => key.startsWith("aion_cache_"))).toEqual([STORED]);
  const entry = JSON.parse(localStorage.getItem(STORED) ?? "null");
  expect(entry).toMatchObject({ data: { equity: 1 }, ttl: 5000 });
  expect(Math.abs(entry.timestamp - Date.now())).toBeLessThan(1000);
});

it("both keys of a route work on one entry", () => {
  setCached("api:/api/backend/bots/page", { equity: 2 });
  expect(getCached<Bundle>(KEY)).toEqual({ equity: 2 });
  invalidateCache("api:/api/bots/page");
  expect(getCached<Bundle>("api:/api/backend/bots/page")).toBeNull();
});

it("fetchWithCache asks once while the entry is fresh, and again when it was invalidated", async () => {
  expect(await fetchWithCache<Bundle>("/api/bots/page", { ttl: 5000 })).toEqual({ equity: 101 });
  expect(await fetchWithCache<Bundle>("/api/bots/page", { ttl: 5000 })).toEqual({ equity: 101 });
  expect(asked).toEqual(["/api/bots/page"]);
  invalidateCache(KEY);
  expect(await fetchWithCache<Bundle>("/api/bots/page")).toEqual({ equity: 102 });
});

it("clearAllCache takes every entry of ours and nothing else", () => {
  localStorage.setItem("theme", "dark");
  setCached(KEY, { equity: 1 });
  setCached("api:/api/metrics", {});
  clearAllCache();
  expect(Object.keys(localStorage)).toEqual(["theme"]);
  expect(getCached(KEY)).toBeNull();
});

it("CACHE_TTL has the times of the document, and 5000 ms are the default", () => {
  expect(CACHE_TTL).toMatchObject({ "/api/bots/page": 5000, "/api/intraday/snapshot": 2000, "/api/metrics": 10000 });
  setCached("api:/api/intraday/snapshot", {});
  setCached("api:/api/something/else", {});
  const ttl = (key: string) => JSON.parse(localStorage.getItem(`aion_cache_${key}`) ?? "{}").ttl;
  expect(ttl("api:/api/intraday/snapshot")).toBe(2000);
  expect(ttl("api:/api/something/else")).toBe(5000);
});

it("warmCache fetches the first pages into the cache", async () => {
  await warmCache();
  expect([...asked].sort()).toEqual(["/api/bots/page", "/api/intraday/snapshot"]);
  expect(getCached(KEY)).not.toBeNull();
});

it("getCacheStats counts, and the console hears the hit rate", async () => {
  const said = vi.spyOn(console, "debug").mockImplementation(() => undefined);
  const before = getCacheStats();
  expect(Object.keys(before).sort()).toEqual(["avgCacheTime", "avgFetchTime", "hitRate", "hits", "misses"]);
  await fetchWithCache("/api/bots/page");
  for (let n = 0; n < 3; n += 1) getCached(KEY);
  const after = getCacheStats();
  expect([after.hits - before.hits, after.misses - before.misses]).toEqual([3, 1]);
  expect(after.hitRate).toBeCloseTo(after.hits / (after.hits + after.misses));
  await fetchWithCache("/api/metrics");
  expect(said.mock.calls.flat().join()).toMatch(/Cache hit rate: \d+\.\d%/);
});
