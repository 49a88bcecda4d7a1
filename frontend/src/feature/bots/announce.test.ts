import { expect, it } from "vitest";
import { unsaid } from "./announce";

it("says a sentence once a minute at most", () => {
  expect(unsaid(["orb is late.", "orb is late."], 0)).toEqual(["orb is late."]);
  expect(unsaid(["orb is late.", "vwap is late."], 30_000)).toEqual(["vwap is late."]);
  expect(unsaid(["orb is late."], 60_000)).toEqual(["orb is late."]);
});
