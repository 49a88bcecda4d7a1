import { expect, it } from "vitest";
import { random } from "../lib/fixture";
import { type Piece, piecesOf, rangeOf } from "./use-slice";

/** Where each of lines of these heights ends. */
function endsOf(heights: readonly number[], gap: number): number[] {
  let end = -gap;
  return heights.map((height) => {
    end += gap + height;
    return end;
  });
}

const length = (pieces: Piece[], ends: readonly number[], gap: number): number =>
  pieces.reduce((sum, piece, at) => {
    const own =
      "space" in piece
        ? piece.space
        : (ends[piece.to - 1] as number) - (piece.from === 0 ? 0 : (ends[piece.from - 1] as number) + gap);
    return sum + own + (at > 0 ? gap : 0);
  }, 0);

it("what is in sight is drawn, and with room for the rest the list is as long as with all", () => {
  const next = random(3);
  for (let turn = 0; turn < 300; turn += 1) {
    const gap = turn % 2 ? 16 : 0;
    const ends = endsOf(
      Array.from({ length: 1 + Math.floor(next() * 200) }, () => 20 + Math.floor(next() * 80)),
      gap,
    );
    const top = next() * (ends.at(-1) as number);
    const bottom = top + 500;
    const [from, to] = rangeOf(ends, gap, top, bottom);
    for (const [at, end] of ends.entries()) {
      const start = at === 0 ? 0 : (ends[at - 1] as number) + gap;
      const isInSight = end >= top && start < bottom;
      expect(at >= from && at < to).toBe(isInSight);
    }
    const used = next() < 0.5 ? -1 : Math.floor(next() * ends.length);
    const pieces = piecesOf(ends, gap, { from, to, used });
    expect(length(pieces, ends, gap)).toBeCloseTo(ends.at(-1) as number);
    const drawn = pieces.flatMap((piece) => ("space" in piece ? [] : [piece]));
    expect(drawn.some((piece) => used >= piece.from && used < piece.to)).toBe(used >= 0);
  }
});

it("an empty list has no piece", () => {
  expect(rangeOf([], 0, 0, 100)).toEqual([0, 0]);
  expect(piecesOf([], 0, { from: 0, to: 0, used: -1 })).toEqual([]);
});
