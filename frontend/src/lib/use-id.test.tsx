import { render } from "@testing-library/preact";
import { useState } from "preact/hooks";
import { expect, it } from "vitest";
import { useId } from "./use-id";

function Named() {
  return <p id={useId()} />;
}

it("gives each element its own id, also in trees that stand apart or come later", () => {
  let more = () => {};
  function Growing() {
    const [names, setNames] = useState(["a", "b"]);
    more = () => setNames(["c", "a", "b", "d"]);
    return names.map((name) => <Named key={name} />);
  }
  const { rerender } = render(<Growing />);
  render(<Named />);
  more();
  rerender(<Growing />);
  const ids = [...document.querySelectorAll("p")].map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(2);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every(Boolean)).toBe(true);
});
