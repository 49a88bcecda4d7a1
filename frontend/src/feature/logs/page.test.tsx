import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import type { LogTail } from "../../api/schema";
import { sparse } from "../../lib/fixture";
import { LogsPage } from "./page";
import { append, EMPTY_TAIL, type Tail } from "./tail";

afterEach(cleanup);

const tail = (count: number, event = "intraday cycle complete"): Tail =>
  append(
    EMPTY_TAIL,
    sparse<LogTail>({
      parts: { bots: { inode: "1", size: count, from: 0, to: count } },
      lines: Array.from({ length: count }, (_, index) => ({
        file: "bots",
        offset: index,
        ts: new Date(Date.UTC(2026, 0, 1, 23, 59, 58 + index)).toISOString(),
        level: index === 1 ? "warning" : "info",
        event,
        bot: index === 0 ? "orb_ny" : undefined,
      })),
    }),
  );

it("shows lines under their day, newest last, and html as text", () => {
  const { container } = render(<LogsPage tail={tail(3, "<b>x</b>")} />);
  expect([...container.querySelectorAll(".log-day")].map((day) => day.textContent)).toEqual([
    "2026-01-01",
    "2026-01-02",
  ]);
  expect(container.querySelector(".log-line .text b")?.textContent).toBe("orb_ny ");
  expect(container.textContent).toContain("<b>x</b>");
});

it("pause holds the lines still and counts what comes", () => {
  const { container, rerender } = render(<LogsPage tail={tail(2)} />);
  fireEvent.click(screen.getByRole("button", { name: "Pause" }));
  rerender(<LogsPage tail={tail(5)} />);
  expect(container.querySelectorAll(".log-line")).toHaveLength(2);
  fireEvent.click(screen.getByRole("button", { name: "Resume, 3 new" }));
  expect(container.querySelectorAll(".log-line")).toHaveLength(5);
});

it("says why there is nothing to see", () => {
  const { container, rerender } = render(<LogsPage tail={EMPTY_TAIL} />);
  expect(container.textContent).toContain("No line yet.");
  rerender(<LogsPage tail={EMPTY_TAIL} failed="The desk answered 503." />);
  expect(container.textContent).toContain("The log could not be read. The desk answered 503.");
  rerender(<LogsPage tail={tail(3)} />);
  fireEvent.change(screen.getByRole("combobox", { name: "Least level" }), { target: { value: "critical" } });
  expect(container.textContent).toContain("No line passes the filter.");
});
