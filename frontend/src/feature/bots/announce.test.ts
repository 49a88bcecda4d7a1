import { expect, it } from "vitest";
import { digest, unsaid } from "./announce";

it("says a sentence once a minute at most", () => {
  expect(unsaid(["orb is late.", "orb is late."], 0)).toEqual(["orb is late."]);
  expect(unsaid(["orb is late.", "vwap is late."], 30_000)).toEqual(["vwap is late."]);
  expect(unsaid(["orb is late."], 60_000)).toEqual(["orb is late."]);
});

it("says the first of several sentences and how many messages there are beside it", () => {
  expect(digest([])).toBe("");
  expect(digest(["orb is late."])).toBe("orb is late.");
  expect(digest(["orb is late.", "b is late."])).toBe("orb is late, and 1 more message.");
  expect(digest(Array.from({ length: 8 }, () => "orb is late."))).toBe("orb is late, and 7 more messages.");
});
