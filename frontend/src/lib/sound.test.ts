import { describe, expect, it } from "vitest";
import type { BotsPageBundle, IntradaySnapshot } from "../api/schema";
import { bundleFixture, sparse } from "./fixture";
import { isBundle, isSnapshot } from "./sound";

const made = (): BotsPageBundle => bundleFixture(Date.parse("2026-11-24T09:00:00Z"));
const WRONG = ["abc", 5, null, [1, 2], true];

describe("a bundle", () => {
  const sound = (): BotsPageBundle => structuredClone(made());

  it("of the desk is taken, also one without bots", () => {
    expect(isBundle(sound())).toBe(true);
    expect(isBundle(sparse<BotsPageBundle>({ intraday: sparse({ bots: {} }), swing: sparse({ bots: {} }) }))).toBe(
      true,
    );
  });

  it.each(["intraday", "swing", "totals", "sessions", "errors", "clock"])(
    "whose %s is something else is not",
    (name) => {
      for (const wrong of WRONG) expect(isBundle({ ...sound(), [name]: wrong })).toBe(false);
    },
  );

  it.each(["totals", "sessions", "errors"])("with something else in its %s is not", (name) => {
    for (const wrong of WRONG) expect(isBundle({ ...sound(), [name]: { USD: wrong } })).toBe(false);
  });

  it.each(["bot", "currency", "equity", "positions", "fills", "signals", "equity_curve", "symbols", "rule", "stats"])(
    "with a bot whose %s is of another type is not",
    (name) => {
      for (const wrong of [{ a: 1 }, null, true]) {
        const bundle = sound();
        const bots = bundle.intraday.bots ?? {};
        const [bot] = Object.keys(bots);
        Object.assign(bots[bot ?? ""] ?? {}, { [name]: name === "equity_curve" || name === "stats" ? 5 : wrong });
        expect(isBundle(bundle)).toBe(false);
      }
    },
  );
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
