import { act, renderHook } from "@testing-library/preact";
import { expect, it, vi } from "vitest";
import { useCalm } from "./use-calm";

it("the first news is shown at once, the newest of what follows after a while, and none is lost", () => {
  vi.useFakeTimers();
  const { result, rerender } = renderHook(({ news, ms }) => useCalm(news, ms), { initialProps: { news: 0, ms: 1000 } });
  const seen: number[] = [];
  for (const news of [1, 2, 3]) {
    rerender({ news, ms: 1000 });
    seen.push(result.current);
    act(() => void vi.advanceTimersByTime(300));
  }
  expect(seen).toEqual([1, 1, 1]);
  act(() => void vi.advanceTimersByTime(200));
  expect(result.current).toBe(3);
  rerender({ news: 4, ms: 0 });
  expect(result.current).toBe(4);
  vi.useRealTimers();
});
