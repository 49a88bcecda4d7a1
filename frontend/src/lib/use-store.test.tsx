import { act, cleanup, render } from "@testing-library/preact";
import { useLayoutEffect } from "preact/hooks";
import { afterEach, expect, it, vi } from "vitest";
import { useStore } from "./use-store";

afterEach(cleanup);

function store<T>(value: T) {
  const watchers = new Set<() => void>();
  const subscribe = vi.fn((watcher: () => void) => {
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  });
  const set = (next: T): void => {
    value = next;
    for (const watcher of [...watchers]) watcher();
  };
  return { subscribe, set, read: () => value, watchers };
}

it("is drawn again with each change, and not where the value is the same", () => {
  const { subscribe, set, read, watchers } = store(1);
  const drawn = vi.fn();
  function Shown() {
    const value = useStore(subscribe, read);
    drawn(value);
    return <b>{value}</b>;
  }
  const { container, unmount } = render(<Shown />);
  act(() => set(2));
  expect(container.textContent).toBe("2");
  act(() => set(2));
  expect(drawn.mock.calls.flat()).toEqual([1, 2]);
  expect(subscribe).toHaveBeenCalledOnce();
  unmount();
  expect(watchers.size).toBe(0);
});

it("sees a change between the drawing and the subscription", () => {
  const { subscribe, set, read } = store(1);
  function Shown() {
    const value = useStore(subscribe, read);
    useLayoutEffect(() => set(2), []);
    return <b>{value}</b>;
  }
  expect(render(<Shown />).container.textContent).toBe("2");
});

it("follows the newest reading, and another subscription", () => {
  const { subscribe, set, read, watchers } = store(1);
  const other = store(100);
  function Shown({
    times,
    of = subscribe,
    look = read,
  }: {
    times: number;
    of?: typeof subscribe;
    look?: () => number;
  }) {
    return <b>{useStore(of, () => look() * times)}</b>;
  }
  const { container, rerender } = render(<Shown times={2} />);
  rerender(<Shown times={3} />);
  act(() => set(2));
  expect(container.textContent).toBe("6");
  rerender(<Shown times={3} of={other.subscribe} look={other.read} />);
  expect(container.textContent).toBe("300");
  expect(watchers.size).toBe(0);
  act(() => other.set(200));
  expect(container.textContent).toBe("600");
});
