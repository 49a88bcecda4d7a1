import { renderHook } from "@testing-library/preact";
import { describe, expect, it } from "vitest";
import { readBars } from "./bars";
import { newestPrice, type PushedBar, useBars } from "./use-bars";

const iso = (minute: number): string => new Date(Date.UTC(2022, 4, 19, 13, 30 + minute)).toISOString();
const pushed = (minute: number): PushedBar => ({ ts: iso(minute), open: 1, high: 1, low: 1, close: minute, volume: 5 });
const file = (...minutes: number[]) =>
  readBars(Object.fromEntries(minutes.map((minute) => [iso(minute), [1, 1, 1, minute, 5]])));

function grow(first: ReturnType<typeof file>) {
  return renderHook(({ of, bars, bar }) => useBars(of, bars, bar), {
    initialProps: { of: "MSFT", bars: first, bar: undefined as PushedBar | undefined },
  });
}

describe("bars", () => {
  it("grow by each push, not by the newest alone", () => {
    const bars = file(1, 2);
    const { result, rerender } = grow(bars);
    for (const minute of [3, 4, 5]) rerender({ of: "MSFT", bars, bar: pushed(minute) });
    expect(result.current.map(({ close }) => close)).toEqual([1, 2, 3, 4, 5]);
  });

  it("are those of the file when it was read again, with what came after it", () => {
    const { result, rerender } = grow(file(1, 2));
    rerender({ of: "MSFT", bars: file(1, 2), bar: pushed(3) });
    rerender({ of: "MSFT", bars: file(1, 2, 3, 4), bar: pushed(5) });
    expect(result.current.map(({ close }) => close)).toEqual([1, 2, 3, 4, 5]);
  });

  it("of another symbol begin anew", () => {
    const { result, rerender } = grow(file(1, 2));
    rerender({ of: "MSFT", bars: file(1, 2), bar: pushed(3) });
    rerender({ of: "AZN.L", bars: file(1, 2), bar: undefined });
    expect(result.current).toHaveLength(2);
  });

  it("behind a gap wait for the file, and the price does not", () => {
    const bars = file(1, 2);
    const { result, rerender } = grow(bars);
    rerender({ of: "MSFT", bars, bar: pushed(9) });
    expect(result.current).toHaveLength(2);
    expect(newestPrice(result.current, pushed(9))).toBe(9);
  });
});

it("the newest price is never an older push's", () => {
  expect(newestPrice(file(1, 2), pushed(1))).toBe(2);
  expect(newestPrice([], undefined)).toBeUndefined();
  expect(newestPrice([], pushed(4))).toBe(4);
});
