import { expect, it } from "vitest";
import { offsetOf } from "./desk-time";

const at = Date.parse("2026-01-01T12:00:00Z");
const header = (ms: number): string => new Date(ms).toUTCString();

it("offsetOf a desk that is minutes ahead is its distance", () => {
  expect(offsetOf(header(at + 300_000), at, at + 100)).toBeGreaterThan(299_000);
  expect(offsetOf(header(at - 300_000), at, at + 100)).toBeLessThan(-299_000);
});

it("offsetOf what a header's whole seconds cannot tell is none", () => {
  expect(offsetOf(header(at), at + 900, at + 950)).toBe(0);
  expect(offsetOf(header(at + 3000), at, at + 5000)).toBe(0);
});

it("offsetOf no date is none", () => {
  expect(offsetOf(null, at, at)).toBe(0);
  expect(offsetOf("soon", at, at)).toBe(0);
});
