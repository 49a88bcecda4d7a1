import { describe, expect, it } from "vitest";
import { heldBy, named, spanNotes } from "./words";

describe("notes of a span", () => {
  it("says from when on it is known, for whom, and who is missing", () => {
    const market = Date.parse("2022-05-19T20:00:00Z");
    const span = {
      first: "2022-05-01",
      bots: 3,
      since: "2022-05-02T20:00:00Z",
      partial: { trend: "2022-05-02T20:00:00Z" },
      partial_total: 1,
      missing: ["late"],
      missing_total: 1,
    };
    const notes = spanNotes(span, market);
    expect(notes).toHaveLength(3);
    expect(notes[1]).toMatch(/^trend: known since .*2 May.*, earlier is not recorded$/);
    expect(notes[2]).toBe("without late: no result in this span");
    expect(spanNotes({ bots: 1, missing: [], missing_total: 0, partial: {}, partial_total: 0 }, market)).toEqual([]);
  });

  it("names a few and counts the rest", () => {
    const names = Array.from({ length: 20 }, (_, index) => `b${index}`);
    expect(named(names, 1000)).toBe("b0, b1, b2 and 997 more");
    expect(named(["a", "b", "c", "d"], 4)).toBe("a, b, c, d");
    expect(heldBy(["desk~orb"], 1)).toBe("1 bot: desk/orb");
  });
});
