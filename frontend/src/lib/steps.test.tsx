import { act, cleanup, render } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useNext, useSteps } from "./steps";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("requestAnimationFrame", (run: FrameRequestCallback) => setTimeout(() => run(performance.now()), 16));
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function Pieces({ count }: { count: number }) {
  return <p>{useSteps(count)}</p>;
}

function Page({ isReady }: { isReady: boolean }) {
  return <p>{useNext(isReady) ? "here" : "soon"}</p>;
}

/** What stands after each task, until nothing is left to do. */
function seen(container: Element): string[] {
  const out = [container.textContent ?? ""];
  while (vi.getTimerCount() > 0) {
    act(() => void vi.advanceTimersToNextTimer());
    if (container.textContent !== out.at(-1)) out.push(container.textContent ?? "");
  }
  return out;
}

it("draws one piece more in each task, after the first frame", () => {
  const { container } = render(<Pieces count={4} />);
  expect(seen(container)).toEqual(["0", "1", "2", "3", "4"]);
});

it("draws what is added later at once, and no less when there are fewer", () => {
  const { container, rerender } = render(<Pieces count={2} />);
  seen(container);
  rerender(<Pieces count={50} />);
  expect(container.textContent).toBe("50");
  rerender(<Pieces count={3} />);
  rerender(<Pieces count={7} />);
  expect(container.textContent).toBe("7");
});

it("draws all in one task behind other tabs, where tasks are a second apart", () => {
  vi.spyOn(document, "hidden", "get").mockReturnValue(true);
  const { container } = render(<Pieces count={4} />);
  expect(seen(container)).toEqual(["0", "4"]);
});

it("ends where there is nothing to draw", () => {
  const { container, rerender } = render(<Pieces count={0} />);
  expect(seen(container)).toEqual(["0"]);
  rerender(<Pieces count={2} />);
  expect(container.textContent).toBe("2");
});

it("draws what is ready in the first drawing, and what comes later in the next task", () => {
  expect(render(<Page isReady />).container.textContent).toBe("here");
  cleanup();
  const { container, rerender } = render(<Page isReady={false} />);
  act(() => void vi.advanceTimersByTime(1000));
  rerender(<Page isReady />);
  expect(container.textContent).toBe("soon");
  expect(seen(container)).toEqual(["soon", "here"]);
});
