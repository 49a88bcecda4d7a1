import { act, cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LongTable } from "./long-table";

const ROWS = Array.from({ length: 500 }, (_, index) => index);
let look: (isSeen: boolean) => void;

afterEach(cleanup);

beforeEach(() => {
  class Observer {
    constructor(seen: (entries: { isIntersecting: boolean }[]) => void) {
      look = (isIntersecting) => act(() => seen([{ isIntersecting }]));
    }
    observe(): void {}
    disconnect(): void {}
  }
  vi.stubGlobal("IntersectionObserver", Observer);
});

const table = (rows: readonly number[]) => (
  <LongTable
    box="table-box"
    name="Numbers"
    rows={rows}
    keyOf={(row) => row}
    columns={[
      { name: "Number", cell: (row) => row },
      { name: "Square", cell: (row) => row * row },
    ]}
  />
);
const drawn = (): number => document.querySelectorAll("tbody th").length;

it("draws what is scrolled to, and the rest as the end comes near", () => {
  render(table(ROWS));
  expect(drawn()).toBe(200);
  look(false);
  expect(drawn()).toBe(200);
  look(true);
  expect(drawn()).toBe(400);
});

it("draws all rows on paper, and when they are asked for", () => {
  const { unmount } = render(table(ROWS));
  act(() => void dispatchEvent(new Event("beforeprint")));
  expect(drawn()).toBe(500);
  unmount();
  render(table(ROWS));
  fireEvent.click(screen.getByRole("button", { name: "Show all 500 rows" }));
  expect(drawn()).toBe(500);
  expect(screen.queryByRole("button")).toBeNull();
});

it("draws a short table whole", () => {
  render(table(ROWS.slice(0, 200)));
  expect(drawn()).toBe(200);
  expect(screen.queryByRole("button")).toBeNull();
});
