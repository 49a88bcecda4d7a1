import { describe, expect, it } from "vitest";
import type { BotsIndex, BotsPageBundle, IntradaySnapshot } from "../api/schema";
import { bundleFixture, sparse } from "./fixture";
import { cardsOf, indexOf } from "./roster-fixture";
import { isIndex, isPart, isSnapshot } from "./sound";

const made = (): BotsPageBundle => bundleFixture(Date.parse("2026-11-24T09:00:00Z"));
const WRONG = ["abc", 5, null, [1, 2], true];

describe("an index", () => {
  const sound = (): BotsIndex => structuredClone(indexOf(made()));

  it("of the desk is taken, also one without bots", () => {
    expect(isIndex(sound())).toBe(true);
    expect(isIndex(sparse<BotsIndex>({ totals: {}, bots: {} }))).toBe(true);
  });

  it.each(["bots", "totals", "sessions", "errors", "clock", "unread"])("whose %s is something else is not", (name) => {
    for (const wrong of WRONG) expect(isIndex({ ...sound(), [name]: wrong })).toBe(false);
  });

  it.each(["totals", "sessions", "errors", "bots"])("with something else in its %s is not", (name) => {
    for (const wrong of WRONG) expect(isIndex({ ...sound(), [name]: { USD: wrong } })).toBe(false);
  });

  it.each(["bot", "currency", "equity", "last_fill", "errors", "symbols", "rule", "stats"])(
    "with a bot whose %s is of another type is not",
    (name) => {
      for (const wrong of [{ a: 1 }, null, true]) {
        const index = sound();
        const [key = ""] = Object.keys(index.bots);
        Object.assign(index.bots[key] ?? {}, { [name]: name === "last_fill" || name === "stats" ? 5 : wrong });
        expect(isIndex(index)).toBe(false);
      }
    },
  );
});

it("a row or card is taken when it says its version and what its bot is, if any", () => {
  const [card] = cardsOf(made()).values();
  expect(isPart(card?.part)).toBe(true);
  expect(isPart({ version: 1, errors: {} })).toBe(true);
  for (const wrong of [...WRONG, { bot: card?.part.bot }, { version: 1, bot: { bot: "a" } }, { version: 1, errors: 5 }])
    expect(isPart(wrong)).toBe(false);
});

it("a snapshot is taken when its symbols and bots are what they are called", () => {
  const sound = sparse<IntradaySnapshot>({ symbols: { MSFT: sparse({}) }, bots: made().intraday.bots });
  expect(isSnapshot(sound)).toBe(true);
  for (const wrong of WRONG) {
    expect(isSnapshot({ ...sound, symbols: wrong as never })).toBe(false);
    expect(isSnapshot({ ...sound, symbols: { MSFT: wrong as never } })).toBe(false);
    expect(isSnapshot({ ...sound, symbols: { MSFT: { signal: wrong } as never } })).toBe(false);
    expect(isSnapshot({ ...sound, bots: { a: wrong } as never })).toBe(false);
  }
});
