/** The first stream begins with the answers to what was asked before it, and waits for none for long. */

import { beforeEach, expect, it, vi } from "vitest";
import { clearAllCache, peekCached, revalidate } from "./core.ts";
import { afterFirst } from "./first.ts";

const ROUTES = { index: "/api/bots/index", totals: "/api/bots/totals" };
const URLS = Object.values(ROUTES);
const wanted = () => Object.keys(ROUTES);
let answer: ((text: string) => void)[] = [];

beforeEach(() => {
  clearAllCache();
  localStorage.clear();
  answer = [];
  const fetch = () => new Promise((done) => answer.push((text) => done(new Response(text))));
  vi.stubGlobal("fetch", fetch);
  vi.spyOn(console, "debug").mockImplementation(() => undefined);
});

it("opens once both answers are in the cache, which whoever listens asked for in the same breath", async () => {
  const open = vi.fn(() => URLS.map((url) => peekCached<{ n: number }>(url)?.data.n));
  const isOver = afterFirst(ROUTES, wanted, open);
  expect(isOver()).toBe(false);
  const asked = URLS.map((url) => revalidate(url));
  expect(isOver()).toBe(false);
  await Promise.resolve();
  answer[0]?.('{"n":1}');
  await asked[0];
  expect(open).not.toHaveBeenCalled();
  answer[1]?.('{"n":2}');
  await asked[1];
  await vi.waitFor(() => expect(open).toHaveReturnedWith([1, 2]));
  expect(isOver()).toBe(true);
  expect(open).toHaveBeenCalledTimes(1);
});

it("opens at once where nothing was asked, and after a refusal", async () => {
  const open = vi.fn();
  afterFirst(ROUTES, wanted, open)();
  await Promise.resolve();
  expect(open).toHaveBeenCalledTimes(1);
  const later = vi.fn();
  afterFirst(ROUTES, wanted, later)();
  const refused = revalidate(URLS[0] as string).catch(String);
  await Promise.resolve();
  answer[0]?.("no JSON");
  await refused;
  await vi.waitFor(() => expect(later).toHaveBeenCalledTimes(1));
});

it("opens without an answer that does not come", async () => {
  vi.useFakeTimers();
  const open = vi.fn();
  afterFirst(ROUTES, wanted, open)();
  void revalidate(URLS[0] as string).catch(String);
  await vi.advanceTimersByTimeAsync(2900);
  expect(open).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  expect(open).toHaveBeenCalledTimes(1);
  vi.useRealTimers();
});
