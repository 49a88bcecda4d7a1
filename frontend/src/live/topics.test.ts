/** Delivery of pushes: each content once, nothing older over anything newer, verified only by comparison. */

import { beforeEach, expect, it, vi } from "vitest";
import { clearAllCache, peekCached, setCached } from "./core.ts";
import { applyDelta, crc32 } from "./delta.ts";
import { holdTopics, type Topics } from "./topics.ts";

const ROUTES = { bots: "/api/bots/page" };
const event = (version: number, etag = `W/"${version}"`) => JSON.stringify({ version, etag, n: version });
let seen: number[] = [];
let topics: Topics;

function listen(isReader = true): Topics {
  topics = holdTopics(
    ROUTES,
    () => isReader,
    () => {},
    () => {},
  );
  topics.begin(isReader);
  topics.subscribe("bots", (data) => seen.push((data as { n: number }).n), undefined);
  return topics;
}

beforeEach(() => {
  localStorage.clear();
  clearAllCache();
  seen = [];
});

it("hands on each content once and drops an event of a lower version than what came meanwhile", () => {
  listen();
  for (const version of [1, 2, 2, 5, 4, 5, 6]) topics.take("bots", event(version));
  expect(seen).toEqual([1, 2, 5, 6]);
});

it("takes a lower version from a stream that began after what is held: the desk's clock went back", () => {
  listen();
  topics.take("bots", event(9));
  topics.begin(true);
  topics.take("bots", event(3));
  expect(seen).toEqual([9, 3]);
});

it("a follower finds a lower version that was right by the leader's tags", () => {
  listen(false);
  topics.take("bots", event(9));
  topics.take("bots", event(3));
  expect(seen).toEqual([9]);
  expect(topics.compare({ bots: 'W/"3"' }, ["bots"])).toEqual(["bots"]);
  expect(topics.compare({ bots: 'W/"9"' }, ["bots"])).toEqual([]);
});

it("leaves out what is torn, null or without content, and goes on", () => {
  listen();
  for (const text of ['{"version":1,', "null", "NaN", ""]) topics.take("bots", text);
  expect(seen).toEqual([]);
  expect(topics.isVerified("bots")).toBe(false);
  topics.take("bots", event(2));
  expect(seen).toEqual([2]);
  expect(topics.isVerified("bots")).toBe(true);
});

it("what a page has from its cache counts as verified only when the desk has the same", () => {
  setCached("/api/bots/page", { version: 1, n: 1, etag: 'W/"1"' }, { etag: 'W/"1"' });
  topics = holdTopics(
    ROUTES,
    () => true,
    () => {},
    () => {},
  );
  topics.subscribe("bots", (data) => seen.push((data as { n: number }).n), 'W/"1"');
  expect(topics.isVerified("bots")).toBe(false);
  expect(topics.verifiedTags()).toEqual({});
  expect(topics.compare({ bots: 'W/"2"' }, topics.names())).toEqual(["bots"]);
  expect(topics.isVerified("bots")).toBe(false);
  expect(topics.compare({ bots: 'W/"1"' }, topics.names())).toEqual([]);
  expect(topics.isVerified("bots")).toBe(true);
  expect(seen).toEqual([]);
});

it("a later listener without data is given what is held", async () => {
  listen();
  topics.take("bots", event(4));
  const late: number[] = [];
  topics.subscribe("bots", (data) => late.push((data as { n: number }).n), undefined);
  topics.subscribe("bots", (data) => late.push((data as { n: number }).n), 'W/"4"');
  await Promise.resolve();
  expect(late).toEqual([4]);
});

it("a page that is not looked at takes the newest once a second, and at once when it is looked at", () => {
  vi.useFakeTimers();
  const sight = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  listen();
  for (const version of [1, 2, 3]) topics.take("bots", event(version));
  expect(seen).toEqual([]);
  vi.advanceTimersByTime(1000);
  expect(seen).toEqual([3]);
  topics.take("bots", event(4));
  sight.mockReturnValue(false);
  topics.flush();
  vi.advanceTimersByTime(2000);
  expect(seen).toEqual([3, 4]);
  expect(peekCached<{ n: number }>("/api/bots/page")?.data.n).toBe(4);
  vi.useRealTimers();
});

it("forgets a topic that nobody listens to", () => {
  topics = holdTopics(
    ROUTES,
    () => false,
    () => {},
    () => {},
  );
  const stop = topics.subscribe("bots", (data) => seen.push((data as { n: number }).n), undefined);
  topics.take("bots", event(1));
  stop();
  topics.take("bots", event(2));
  expect([seen, topics.names(), topics.isVerified("other")]).toEqual([[1], [], false]);
});

it("the topics of a family have routes of their own, and their answers and tags are told apart", () => {
  const cards = holdTopics(
    { ...ROUTES, "bot/": "/api/bots/card/" },
    () => true,
    () => {},
    () => {},
  );
  cards.begin(true);
  cards.subscribe("bot/swing/a", (data) => seen.push((data as { n: number }).n), undefined);
  cards.take("bot/swing/a", event(3));
  expect(peekCached("/api/bots/card/swing/a")?.etag).toBe('W/"3"');
  expect(cards.compare({ "bot/swing/a": 'W/"4"' }, ["bot/swing/a"])).toEqual(["bot/swing/a"]);
  expect(cards.compare({ "bot/swing/a": "" }, ["bot/swing/a"])).toEqual([]);
  cards.answered("api:/api/bots/card/swing/b", { data: { n: 9 }, etag: 'W/"9"', timestamp: 0, ttl: 1 });
  cards.answered("api:/api/bots/card/swing/a", { data: { n: 5 }, etag: 'W/"5"', timestamp: 0, ttl: 1 });
  expect(seen).toEqual([3, 5]);
});

it("a patch finds what the stream sent last, also where an answer has overtaken it", () => {
  listen();
  topics.take("bots", event(1));
  setCached("/api/bots/page", { version: 2, n: 2, etag: 'W/"2"' }, { etag: 'W/"2"' });
  topics.answered("api:/api/bots/page", { data: { version: 2, n: 2 }, etag: 'W/"2"', timestamp: 0, ttl: 1 });
  const patches = [{ version: 3, etag: 'W/"3"', n: 3 }];
  const made = { version: 3, etag: 'W/"3"', n: 3 };
  const patch = { topic: "bots", base: 'W/"1"', etag: 'W/"3"', check: crc32(JSON.stringify(made)), patches };
  const [topic, data] = applyDelta(JSON.stringify(patch), topics.held);
  topics.take(topic, data);
  expect(seen).toEqual([1, 2, 3]);
  expect(() => applyDelta(JSON.stringify({ ...patch, base: 'W/"9"', etag: 'W/"4"' }), topics.held)).toThrow("another");
  expect(applyDelta(JSON.stringify({ ...patch, base: 'W/"9"' }), topics.held)).toEqual(["bots", made]);
});

it("a patch builds on what the stream was told that this tab has", () => {
  listen();
  const kept = { version: 1, etag: 'W/"1"', n: 1 };
  setCached("/api/bots/page", kept, { etag: 'W/"1"' });
  topics.answered("api:/api/bots/page", { data: kept, etag: 'W/"1"', timestamp: 0, ttl: 1 });
  expect(topics.have(["bots", "other"])).toEqual({ bots: 'W/"1"' });
  setCached("/api/bots/page", { ...kept, version: 2, etag: 'W/"2"' }, { etag: 'W/"2"' });
  expect(topics.held("bots", 'W/"1"')).toEqual(kept);
  topics.keep([]);
  expect(topics.held("bots", 'W/"1"')).toBeUndefined();
});
