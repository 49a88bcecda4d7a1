import { act, cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ConfirmButton } from "./confirm";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function show(run: (reason: string) => Promise<unknown>): void {
  render(
    <ConfirmButton label="Flatten" of="orb_ny" title="Flatten orb_ny?" confirm="Flatten now" run={run}>
      <p>It sells.</p>
    </ConfirmButton>,
  );
  fireEvent.click(screen.getByRole("button", { name: "Flatten orb_ny" }));
}

const second = (): HTMLElement => screen.getByText("Flatten now");

async function press(): Promise<void> {
  await act(async () => {
    fireEvent.click(second());
    await vi.advanceTimersByTimeAsync(0);
  });
}

it("takes a second tap only when it is a separate one", async () => {
  const run = vi.fn(() => Promise.resolve());
  show(run);
  await press();
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(500);
  fireEvent.input(screen.getByRole("textbox", { hidden: true }), { target: { value: " lunch " } });
  await press();
  expect(run).toHaveBeenCalledExactlyOnceWith("lunch", false);
  expect(screen.queryByText("It sells.")).toBeNull();
});

it("stays open with the reason when it failed, and says why", async () => {
  show(() => Promise.reject(new Error("disk full")));
  vi.advanceTimersByTime(500);
  fireEvent.input(screen.getByRole("textbox", { hidden: true }), { target: { value: "lunch" } });
  await press();
  expect(screen.getByText(/Not done: disk full/)).toBeTruthy();
  expect((screen.getByRole("textbox", { hidden: true }) as HTMLInputElement).value).toBe("lunch");
});
