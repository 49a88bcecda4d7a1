import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";
import type { LogEntry, LogTail } from "../../api/schema";
import { sparse } from "../../lib/fixture";
import { NO_FILTER } from "./filter";
import { LogsPage } from "./page";
import { append, EMPTY_TAIL } from "./tail";

afterEach(cleanup);

const lines = (count: number, event = "intraday cycle complete"): LogEntry[] =>
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
  ).lines;

const page = (all: readonly LogEntry[], more: Partial<Parameters<typeof LogsPage>[0]> = {}) => (
  <LogsPage
    lines={all}
    files={["bots"]}
    filter={NO_FILTER}
    onFilter={() => {}}
    search={{ isBusy: false, scanned: 0 }}
    onOlder={() => {}}
    {...more}
  />
);

it("shows lines with day and time, newest last, and html as text", () => {
  const { container } = render(page(lines(3, "<b>x</b>")));
  expect([...container.querySelectorAll(".log-line time")].map((time) => time.textContent)).toEqual([
    "1 Jan 23:59:58",
    "1 Jan 23:59:59",
    "2 Jan 00:00:00",
  ]);
  expect(container.querySelector(".log-line .text b")?.textContent).toBe("orb_ny ");
  expect(container.textContent).toContain("<b>x</b>");
});

it("draws only the lines in sight of a long log", () => {
  const { container } = render(page(lines(15_000)));
  expect(container.querySelectorAll(".log-line").length).toBeLessThan(120);
  expect(container.querySelector(".log-line")?.getAttribute("aria-setsize")).toBe("15000");
});

it("pause holds the lines still and counts what comes", () => {
  const { container, rerender } = render(page(lines(2)));
  fireEvent.click(screen.getByRole("button", { name: "Pause" }));
  rerender(page(lines(5)));
  expect(container.querySelectorAll(".log-line")).toHaveLength(2);
  fireEvent.click(screen.getByRole("button", { name: "Resume, 3 new" }));
  expect(container.querySelectorAll(".log-line")).toHaveLength(5);
});

it("opens a line with everything in it, and the arrow keys go on", () => {
  const { container } = render(page(lines(3)));
  fireEvent.click(container.querySelectorAll(".log-line")[1] as Element);
  expect(container.querySelector(".line-pane")?.textContent).toContain("bots.jsonl, byte 1");
  fireEvent.keyDown(screen.getByRole("listbox"), { key: "ArrowDown" });
  expect(container.querySelector(".line-pane")?.textContent).toContain("bots.jsonl, byte 2");
  fireEvent.keyDown(screen.getByRole("listbox"), { key: "Escape" });
  expect(container.querySelector(".line-pane")).toBeNull();
});

it("says how far files were searched, and goes on when asked", () => {
  const asked = vi.fn();
  const search = { isBusy: false, scanned: 64 << 20, left: 1 << 30 };
  const { container, rerender } = render(page(lines(1), { search, onOlder: asked }));
  expect(container.textContent).toContain("Searched 64.0 MB. 1.0 GB not searched yet.");
  fireEvent.click(screen.getByRole("button", { name: "Older lines" }));
  expect(asked).toHaveBeenCalledOnce();
  rerender(page(lines(1), { search: { ...search, left: 0 } }));
  expect(container.textContent).toContain("Start of the log.");
});

it("says why there is nothing to see", () => {
  const { container, rerender } = render(page([]));
  expect(container.textContent).toContain("No log lines yet.");
  rerender(page([], { failed: "The desk answered 503." }));
  expect(container.textContent).toContain("Could not load the log. The desk answered 503.");
  rerender(page(lines(3), { filter: { ...NO_FILTER, level: "critical" } }));
  expect(container.textContent).toContain("No lines match the filter.");
});
