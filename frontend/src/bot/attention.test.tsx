import { act, fireEvent, render } from "@testing-library/preact";
import { expect, it, vi } from "vitest";
import type { BotView } from "../api/schema";
import { standStill, WALL } from "../lib/bench";
import { sparse } from "../lib/fixture";
import { Attention } from "./attention";
import type { CardState } from "./state";

standStill();

const bots = ["a", "b"].map((bot) => sparse<BotView>({ bot, kind: "intraday" }));
const late = (since: number): CardState => ({ kind: "late", word: "late", since, held: true, attention: true });
const failed: CardState = { kind: "failed", word: "error", held: true, attention: true };
const line = (states: Record<string, CardState>) => (
  <Attention
    bots={bots}
    states={new Map(Object.entries(states).map(([name, state]) => [`intraday/${name}`, state]))}
    problems={[]}
  />
);

it("moves nothing for a bot that is late for a moment, and lists it when it stays so", () => {
  const { container, rerender } = render(line({ a: late(WALL) }));
  expect(container.innerHTML).toBe("");
  act(() => void vi.advanceTimersByTime(2000));
  expect(container.innerHTML).toBe("");
  act(() => void vi.advanceTimersByTime(2000));
  expect(container.textContent).toContain("1 bot needs attention");
  rerender(line({ a: late(WALL + 4000) })); // it wrote, and is late again
  expect(container.innerHTML).toBe("");
});

it("lists at once what is late for long, and what has failed", () => {
  const { container } = render(line({ a: late(WALL - 60_000), b: failed }));
  expect(container.textContent).toContain("2 bots need attention");
});

it("shows the first of many, and all when it is asked for", () => {
  const many = Array.from({ length: 100 }, (_, n) => sparse<BotView>({ bot: `b${n}`, kind: "intraday" }));
  const states = new Map(many.map((bot) => [`intraday/${bot.bot}`, failed]));
  const { container } = render(<Attention bots={many} states={states} problems={[]} />);
  expect(container.textContent).toContain("100 bots need attention");
  expect(container.querySelectorAll("li")).toHaveLength(8);
  fireEvent.click(container.querySelector("button") as HTMLElement);
  expect(container.querySelectorAll("li")).toHaveLength(100);
});
