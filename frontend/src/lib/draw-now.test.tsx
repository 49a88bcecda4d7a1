import { cleanup, render } from "@testing-library/preact";
import { useState } from "preact/hooks";
import { afterEach, expect, it } from "vitest";
import { drawNow } from "./draw-now";

afterEach(cleanup);

it("has drawn the change when it returns, and lets the next one wait again", () => {
  let set = (_: number): void => {};
  function Count() {
    const [count, setCount] = useState(1);
    set = setCount;
    return <b>{count}</b>;
  }
  const { container } = render(<Count />);
  drawNow(() => set(2));
  expect(container.textContent).toBe("2");
  set(3);
  expect(container.textContent).toBe("2");
  const fails = (): void => {
    throw new Error("no such change");
  };
  expect(() => drawNow(fails)).toThrow("no such change");
  set(4);
  expect(container.textContent).toBe("2");
});
