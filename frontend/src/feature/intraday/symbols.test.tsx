import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { SymbolView } from "../../api/schema";
import { sparse } from "../../lib/fixture";
import { byStrength, inOrder, Symbols } from "./symbols";

function views(strengths: Record<string, number>): Record<string, SymbolView> {
  const view = (confidence: number): SymbolView =>
    sparse<SymbolView>({
      exchange: "XNAS",
      signal: { action: "hold", confidence, threshold: 0.5, reason: "in range", strategy: "orb", bot: "orb_ny" },
      features: { range_high: 255.9 },
    });
  return Object.fromEntries(Object.entries(strengths).map(([name, strength]) => [name, view(strength)]));
}

const shown = (strengths: Record<string, number>) => <Symbols symbols={views(strengths)} cycle="1" />;
const rows = (): HTMLTableRowElement[] => [
  ...document.querySelectorAll<HTMLTableRowElement>("tbody tr:not(.features)"),
];
const names = (): (string | undefined)[] => rows().map((row) => row.querySelector("th a")?.textContent ?? undefined);

beforeEach(() => history.replaceState(null, "", "/intraday"));
afterEach(cleanup);

it("moves no row of the page when strengths change: what has another place is made anew", () => {
  const { rerender } = render(shown({ A: 0.9, B: 0.5, C: 0.1 }));
  const before = rows();
  rerender(shown({ A: 0.9, B: 0.1, C: 0.5 }));
  expect(names()).toEqual(["A", "C", "B"]);
  const after = rows();
  expect(after[0]).toBe(before[0]);
  for (const [index, row] of after.entries()) expect([index, -1]).toContain(before.indexOf(row));
  expect(after.some((row, index) => row !== before[index])).toBe(true);
});

it("keeps a symbol's features open wherever its row goes", () => {
  const { rerender } = render(shown({ A: 0.9, B: 0.5 }));
  fireEvent.click(screen.getByRole("button", { name: /feature of B/ }));
  expect(document.querySelector("#features-B dd")?.textContent).toBe("255.90");
  rerender(shown({ A: 0.1, B: 0.5 }));
  expect(names()).toEqual(["B", "A"]);
  expect(document.querySelector("#features-B")).not.toBeNull();
  expect(screen.getByRole("button", { name: /feature of B/ }).getAttribute("aria-expanded")).toBe("true");
});

it("keeps the places while somebody is among the rows, and the focus with them", () => {
  const { rerender } = render(shown({ A: 0.9, B: 0.5 }));
  const link = screen.getByRole("link", { name: "B" });
  link.focus();
  fireEvent.focusIn(link);
  rerender(shown({ A: 0.1, B: 0.5, C: 0.7 }));
  expect(names()).toEqual(["A", "B", "C"]);
  expect(document.activeElement).toBe(link);
  fireEvent.focusOut(link);
  expect(names()).toEqual(["C", "B", "A"]);
  fireEvent.pointerEnter(document.querySelector("tbody") as Element);
  rerender(shown({ A: 0.8, B: 0.5, C: 0.7 }));
  expect(names()).toEqual(["C", "B", "A"]);
  fireEvent.pointerLeave(document.querySelector("tbody") as Element);
  expect(names()).toEqual(["A", "C", "B"]);
});

it("puts what is new behind what was there", () => {
  const now = byStrength(views({ A: 0.1, B: 0.2, C: 0.3 }));
  expect(inOrder(now, ["B", "gone", "A"]).map(([name]) => name)).toEqual(["B", "A", "C"]);
});
