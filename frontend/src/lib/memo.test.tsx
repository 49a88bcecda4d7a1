import { cleanup, render } from "@testing-library/preact";
import { useState } from "preact/hooks";
import { afterEach, expect, it, vi } from "vitest";
import { memo } from "./memo";

afterEach(cleanup);

it("is drawn again where a property is another one, comes or goes, and not else", () => {
  const drawn = vi.fn();
  const Row = memo(function Row(props: { a?: unknown; b?: unknown; c?: unknown }) {
    drawn(props);
    return <b>{String(props.a)}</b>;
  });
  const held = { n: 1 };
  const { container, rerender } = render(<Row a={held} b={Number.NaN} />);
  rerender(<Row a={held} b={Number.NaN} />);
  expect(drawn).toHaveBeenCalledTimes(1);
  rerender(<Row a={{ n: 1 }} b={Number.NaN} />);
  expect(drawn).toHaveBeenCalledTimes(2);
  rerender(<Row a="1" />);
  rerender(<Row a="1" c={undefined} />);
  expect(drawn).toHaveBeenCalledTimes(4);
  expect(container.textContent).toBe("1");
});

it("draws again by its own state", () => {
  let set = (_: number): void => {};
  const Count = memo(function Count() {
    const [count, setCount] = useState(1);
    set = setCount;
    return <b>{count}</b>;
  });
  const { container, rerender } = render(<Count />);
  set(2);
  rerender(<Count />);
  return vi.waitFor(() => expect(container.textContent).toBe("2"));
});
