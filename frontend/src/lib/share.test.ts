import { expect, it } from "vitest";
import { share } from "./share";

it("share of equal data returns the very object it had", () => {
  const before = { a: { x: [1, 2, { y: "z" }] }, b: 2 };
  expect(share(before, structuredClone(before))).toBe(before);
});

it("share of a change keeps what did not change", () => {
  const before = { a: { x: 1 }, b: { y: [1, 2] } };
  const after = share(before, { a: { x: 1 }, b: { y: [1, 3] } });
  expect(after).toEqual({ a: { x: 1 }, b: { y: [1, 3] } });
  expect(after.a).toBe(before.a);
  expect(after.b).not.toBe(before.b);
});

it("share notices keys and items that are gone or new", () => {
  const before: Record<string, number> = { a: 1, b: 2 };
  expect(share(before, { a: 1 })).toEqual({ a: 1 });
  expect(share({ a: 1 } as Record<string, number>, { a: 1, b: 2 })).toEqual({ a: 1, b: 2 });
  expect(share([1, 2, 3], [1, 2])).toEqual([1, 2]);
  expect(share({ a: undefined } as Record<string, number | undefined>, { b: undefined })).toEqual({ b: undefined });
});

it("share of another kind of value takes the new one", () => {
  expect(share<unknown>({ a: 1 }, [1])).toEqual([1]);
  expect(share<unknown>([1], { a: 1 })).toEqual({ a: 1 });
  expect(share<unknown>(null, { a: 1 })).toEqual({ a: 1 });
  expect(share<unknown>({ a: 1 }, null)).toBeNull();
});

it("share of what came before, in another whole, does not look into it again", () => {
  const row = { x: { y: 1 } };
  const before = share({ a: { x: { y: 1 } }, n: 1 }, { a: row, n: 2 });
  expect(before.a).not.toBe(row);
  Object.defineProperty(row, "x", { get: () => expect.unreachable() });
  const after = share(before, { a: row, n: 3 });
  expect([after.a, after.n]).toEqual([before.a, 3]);
  expect(after.a).toBe(before.a);
});
