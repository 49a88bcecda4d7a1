import { act, cleanup, render } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useShared } from "./use-shared";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("requestAnimationFrame", (run: FrameRequestCallback) => setTimeout(() => run(performance.now()), 16));
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

interface Data {
  n: number;
  part?: { a: number };
}
const drawn: Data[] = [];

function Page({ data }: { data: Data | undefined }) {
  const shown = useShared(data);
  if (shown && shown !== drawn.at(-1)) {
    drawn.push(shown);
  }
  return <p>{shown?.n}</p>;
}

it("draws the first data in the first frame, and news in the next task", () => {
  const { container, rerender } = render(<Page data={{ n: 1 }} />);
  expect(container.textContent).toBe("1");
  rerender(<Page data={{ n: 2 }} />);
  expect(container.textContent).toBe("1");
  act(() => void vi.advanceTimersByTime(0));
  expect(container.textContent).toBe("2");
});

it("keeps parts that did not change, and does not draw what is equal", () => {
  drawn.length = 0;
  const { rerender } = render(<Page data={{ n: 1, part: { a: 1 } }} />);
  rerender(<Page data={{ n: 2, part: { a: 1 } }} />);
  act(() => void vi.advanceTimersByTime(100));
  expect(drawn.at(-1)?.part).toBe(drawn[0]?.part);
  const count = drawn.length;
  rerender(<Page data={{ n: 2, part: { a: 1 } }} />);
  act(() => void vi.advanceTimersByTime(100));
  expect(drawn).toHaveLength(count);
});

it("leaves out what was overtaken while a drawing went on, and ends at the newest", () => {
  drawn.length = 0;
  const { container, rerender } = render(<Page data={{ n: 0 }} />);
  for (let n = 1; n <= 20; n += 1) {
    rerender(<Page data={{ n }} />);
    act(() => void vi.advanceTimersByTime(2));
  }
  act(() => void vi.advanceTimersByTime(2000));
  expect(container.textContent).toBe("20");
  expect(drawn.length).toBeLessThan(10);
});
