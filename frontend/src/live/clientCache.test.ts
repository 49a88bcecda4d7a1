/** Order and bad input of the cache: nothing older over anything newer, nothing unreadable taken for data. */

import { beforeEach, expect, it, vi } from "vitest";
import { connectCache, writeThrough } from "./clientCache.ts";
import { startClock } from "./clock";
import {
  clearAllCache,
  type FetchError,
  fetchWithCache,
  getCached,
  getStorageStats,
  invalidateCache,
  peekCached,
  revalidate,
  setCached,
  setRoutes,
} from "./core.ts";

const URL = "/api/bots/page";
const STORED = "aion_cache_api:/api/bots/page";
let answers: ((answer: Response) => void)[] = [];
let headers: Record<string, string>[] = [];

function body(version: number): Response {
  return new Response(JSON.stringify({ version, n: version }), { headers: { ETag: `W/"${version}"` } });
}

const shown = () => peekCached<{ n: number }>(URL)?.data.n;

beforeEach(() => {
  vi.useRealTimers();
  connectCache({ mayStore: () => true, isVerified: () => false, onAnswer: () => {} });
  clearAllCache();
  localStorage.clear();
  answers = [];
  headers = [];
  vi.spyOn(console, "debug").mockImplementation(() => undefined);
  vi.stubGlobal("fetch", (_: string, init: { headers: Record<string, string> }) => {
    headers.push(init.headers);
    return new Promise<Response>((done) => answers.push(done));
  });
});

it("a poll that began before a push does not cover it, unless its version is higher", async () => {
  const slow = revalidate<{ n: number }>(URL);
  writeThrough(URL, { version: 5, n: 5 }, { etag: 'W/"5"' });
  answers[0]?.(body(4));
  expect((await slow).n).toBe(5);
  expect(shown()).toBe(5);
  const quick = revalidate<{ n: number }>(URL);
  writeThrough(URL, { version: 6, n: 6 }, { etag: 'W/"6"' });
  answers[1]?.(body(7));
  expect((await quick).n).toBe(7);
  expect(shown()).toBe(7);
});

it("a poll that began after the push wins whatever its version: the desk's clock may have gone back", async () => {
  writeThrough(URL, { version: 5, n: 5 }, { etag: 'W/"5"' });
  const poll = revalidate(URL);
  answers[0]?.(body(2));
  await poll;
  expect(shown()).toBe(2);
});

it("of two polls the one that was sent later wins, though it is answered first", async () => {
  const first = revalidate(URL);
  const second = revalidate(URL, { anew: true });
  answers[1]?.(body(9));
  await second;
  answers[0]?.(body(8));
  await first;
  expect(shown()).toBe(9);
});

it("an invalidation stands against a fetch that began before it", async () => {
  const fetching = fetchWithCache<{ n: number }>(URL);
  setCached(URL, { version: 1, n: 1 });
  invalidateCache(URL);
  answers[0]?.(body(2));
  expect((await fetching).n).toBe(2);
  expect(getCached(URL)).toBeNull();
  const cleared = fetchWithCache(URL);
  clearAllCache();
  answers[1]?.(body(3));
  await cleared;
  expect(peekCached(URL)).toBeNull();
});

it("304 counts as fetched now, with what was not sent again", async () => {
  setCached(URL, { version: 3, n: 3 }, { etag: 'W/"3"', ttl: 0 });
  const before = getStorageStats();
  const poll = revalidate<{ n: number }>(URL);
  answers[0]?.(new Response(null, { status: 304 }));
  expect((await poll).n).toBe(3);
  expect(headers[0]?.["If-None-Match"]).toBe('W/"3"');
  expect(getCached(URL)).not.toBeNull();
  const after = getStorageStats();
  expect(after.notModified - before.notModified).toBe(1);
  expect(after.savedBytes - before.savedBytes).toBe('{"version":3,"n":3}'.length);
  expect(after.entries).toBe(1);
  expect(after.stored).toBe(STORED.length + (localStorage.getItem(STORED)?.length ?? 0));
});

it.each([
  ["a 500", new Response("{}", { status: 500 }), 500, "answered 500"],
  [
    "an HTML page",
    new Response("<!doctype html><p>Hi"),
    200,
    "answered something that is not JSON: <!doctype html><p>Hi",
  ],
  ["NaN", new Response('{"version":9,"n":NaN}'), 200, "answered something that is not JSON"],
  ["half an answer", new Response('{"version":9,"n":'), 200, "answered something that is not JSON"],
  ["another program's JSON", new Response('{"status":"ok"}'), 200, "answered something that is not its data"],
])("%s is an error and leaves what is held", async (_, answer, status, message) => {
  setCached(URL, { version: 3, n: 3 }, { etag: 'W/"3"' });
  const poll = revalidate(URL);
  answers[0]?.(answer);
  const error = await poll.then(
    () => undefined,
    (reason: FetchError) => reason,
  );
  expect([error?.name, error?.status]).toEqual(["FetchError", status]);
  expect(error?.message).toContain(message);
  expect(shown()).toBe(3);
});

it.each(["x", "null", "[]", '{"data":1}', '{"data":1,"timestamp":"1","ttl":1}', '{"data":null,"timestamp":1,"ttl":1}'])(
  "a record that is not ours is deleted: %s",
  (text) => {
    localStorage.setItem(STORED, text);
    expect(peekCached(URL)).toBeNull();
    expect(localStorage.getItem(STORED)).toBeNull();
  },
);

it("a record from a clock that has gone back since has no age", () => {
  localStorage.setItem(STORED, JSON.stringify({ data: { n: 1 }, timestamp: Date.now() + 60_000, ttl: 5000 }));
  expect(getCached(URL)).toBeNull();
  expect(peekCached(URL)).toMatchObject({ data: { n: 1 }, age: undefined });
});

it("an entry lives as long by this page's clock, however the wall clock is put meanwhile", () => {
  vi.useFakeTimers();
  startClock();
  setCached(URL, { n: 1 }, { ttl: 5000 });
  vi.setSystemTime(Date.now() - 3_600_000);
  vi.advanceTimersByTime(4000);
  expect(getCached(URL)).toEqual({ n: 1 });
  expect(peekCached(URL)?.age).toBeCloseTo(4000, 0);
  vi.advanceTimersByTime(1001);
  expect(getCached(URL)).toBeNull();
  expect(peekCached(URL)?.age).toBeCloseTo(5001, 0);
  setCached(URL, { n: 2 }, { ttl: 5000 });
  expect(JSON.parse(localStorage.getItem(STORED) ?? "")).toEqual({ data: { n: 2 }, timestamp: Date.now(), ttl: 5000 });
  vi.setSystemTime(Date.now() + 7_200_000); // asleep, for all that is known
  expect(getCached(URL)).toBeNull();
  expect(peekCached(URL)?.age).toBeCloseTo(7_200_000, 0);
  vi.useRealTimers();
});

it("an answer replaces a record that is from the future", async () => {
  const stored = { data: { version: 9, n: 9 }, timestamp: Date.now() + 3_600_000, ttl: 5000, version: 9 };
  const poll = revalidate(URL);
  localStorage.setItem(STORED, JSON.stringify(stored));
  answers[0]?.(body(8));
  await poll;
  expect(JSON.parse(localStorage.getItem(STORED) ?? "").data.n).toBe(8);
});

it("a push of another tab in storage is not covered by an older answer of this one", async () => {
  const poll = revalidate(URL);
  await new Promise((done) => setTimeout(done, 5));
  const newer = JSON.stringify({ data: { version: 9, n: 9 }, timestamp: Date.now(), ttl: 5000, version: 9 });
  localStorage.setItem(STORED, newer);
  answers[0]?.(body(8));
  await poll;
  expect(localStorage.getItem(STORED)).toBe(newer);
});

/** A localStorage that counts what is written and refuses when told so. */
function strictStorage(refuses: () => boolean): { storage: Record<string, string>; writes: string[] } {
  const storage: Record<string, string> = {};
  const writes: string[] = [];
  Object.defineProperties(storage, {
    getItem: { value: (name: string) => storage[name] ?? null },
    removeItem: { value: (name: string) => delete storage[name] },
    setItem: {
      value: (name: string, text: string) => {
        if (refuses()) throw new DOMException("full", "QuotaExceededError");
        storage[name] = text;
        writes.push(text);
      },
    },
  });
  vi.stubGlobal("localStorage", storage);
  return { storage, writes };
}

it("storage that is full is cleared of this cache once, and refused storage is left alone", () => {
  let refusals = 0;
  const { storage } = strictStorage(() => refusals-- > 0);
  setCached("/api/old", { n: 1 });
  refusals = 1;
  setCached(URL, { n: 2 });
  expect(Object.keys(storage)).toEqual([STORED]);
  refusals = 2;
  setCached(URL, { n: 3 });
  expect(storage).toEqual({});
  expect(shown()).toBe(3);
  setCached(URL, { n: "x".repeat(1_100_000) });
  expect(storage).toEqual({});
  vi.unstubAllGlobals();
});

it("pushes are written at most once a second, the newest of them, and when the page goes", () => {
  vi.useFakeTimers();
  const { writes } = strictStorage(() => false);
  const push = (from: number, to: number): void => {
    for (let n = from; n <= to; n += 1) writeThrough("/api/pushed", { n });
  };
  push(1, 10);
  expect(writes.length).toBe(0); // what came is drawn before it is written
  vi.advanceTimersByTime(0);
  expect(writes.length).toBe(1);
  expect(writes[0]).toContain('"n":10');
  push(11, 50);
  expect(writes.length).toBe(1);
  vi.advanceTimersByTime(1000);
  expect(writes.length).toBe(2);
  expect(writes[1]).toContain('"n":50');
  push(51, 51);
  dispatchEvent(new Event("pagehide"));
  expect(writes[2]).toContain('"n":51');
  vi.unstubAllGlobals();
});

it("memory holds two hundred entries and forgets the oldest", () => {
  connectCache({ mayStore: () => false, isVerified: () => false, onAnswer: () => {} });
  for (let n = 0; n < 250; n += 1) writeThrough(`/api/candles?n=${n}`, { n });
  expect(peekCached("/api/candles?n=10")).toBeNull();
  expect(peekCached("/api/candles?n=249")?.data).toEqual({ n: 249 });
});

it("fetches at one time share a request", async () => {
  setRoutes({ aliases: { "/api/backend/": "/api/" } });
  const both = Promise.all([fetchWithCache(URL), fetchWithCache(`/api/backend/bots/page`)]);
  expect(answers.length).toBe(1);
  answers[0]?.(body(1));
  await both;
});

it("tells the build that an answer names, of a 304 and of a refusal too, and nothing where none is named", async () => {
  const told: string[] = [];
  connectCache({
    mayStore: () => true,
    isVerified: () => false,
    onAnswer: () => {},
    onTold: ({ build = "" }) => told.push(build),
  });
  setCached(URL, { version: 1 }, { etag: 'W/"1"', ttl: 0 });
  for (const [at, status] of [200, 304, 503, 200].entries()) {
    const poll = revalidate(URL).catch(() => undefined);
    const named: Record<string, string> = at === 3 ? {} : { "Aion-Build": `b${at}` };
    answers[at]?.(new Response(status === 200 ? '{"version": 2}' : null, { status, headers: named }));
    await poll;
  }
  expect(told).toEqual(["b0", "b1", "b2"]);
});

it("what is unkept is held in memory alone", () => {
  setRoutes({ unkept: ["/api/row/"] });
  for (const name of ["row/1", "rows"]) setCached(`/api/${name}`, { n: 1 });
  expect(Object.keys(localStorage)).toEqual(["aion_cache_api:/api/rows"]);
  expect(getCached("/api/row/1")).toEqual({ n: 1 });
  setRoutes({ unkept: [] });
});

it("a large entry is written the less often", () => {
  vi.useFakeTimers();
  const data = (n: number): object => ({ n, text: "x".repeat(500_000) });
  const stored = (): number => JSON.parse(localStorage.getItem("aion_cache_api:/api/large") ?? "{}").data.n;
  writeThrough("/api/large", data(1));
  vi.advanceTimersByTime(0);
  writeThrough("/api/large", data(2));
  vi.advanceTimersByTime(49_000);
  expect(stored()).toBe(1);
  vi.advanceTimersByTime(2000);
  expect(stored()).toBe(2);
});

it("an entry of many members is written when the page goes out of sight, not while it loads", async () => {
  vi.useFakeTimers();
  const rows = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`bot_${at}`, { at }]));
  const answer = new Response(JSON.stringify({ version: 1, rows }), { headers: { ETag: 'W/"1"' } });
  vi.stubGlobal("fetch", () => Promise.resolve(answer));
  await revalidate("/api/many");
  vi.advanceTimersByTime(5000);
  expect(localStorage.length).toBe(0);
  const sight = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  sight.mockRestore();
  vi.useRealTimers();
  expect(JSON.parse(localStorage.getItem("aion_cache_api:/api/many") ?? "{}")).toMatchObject({
    etag: 'W/"1"',
    data: { version: 1 },
  });
});
