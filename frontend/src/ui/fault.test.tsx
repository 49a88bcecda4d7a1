import { cleanup, render, screen } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";
import { getCached, setCached } from "../live";
import { Fault } from "./fault";

afterEach(cleanup);

function Figure({ value }: { value?: { equity: number } }) {
  return <p>{value?.equity.toFixed(2)}</p>;
}

it("says what cannot be drawn, forgets what was kept, and draws again with newer data", () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const bad = { equity: "7" } as unknown as { equity: number };
  setCached("api:/api/bots/page", bad);
  const page = (value: { equity: number }) => (
    <Fault data={value}>
      <Figure value={value} />
    </Fault>
  );
  const { rerender } = render(page(bad));
  expect(screen.getByRole("alert").textContent).toContain("could not be displayed");
  expect(getCached("api:/api/bots/page")).toBeNull();
  rerender(page(bad));
  expect(screen.getByRole("alert")).toBeTruthy();
  rerender(page({ equity: 7 }));
  expect(screen.queryByRole("alert")).toBeNull();
  expect(screen.getByText("7.00")).toBeTruthy();
});

it("draws anew by itself where it stands around the whole page", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  setCached("api:/api/bots/page", { equity: "7" });
  const Page = () => <Figure value={getCached<{ equity: number }>("api:/api/bots/page") ?? { equity: 8 }} />;
  render(
    <Fault>
      <Page />
    </Fault>,
  );
  expect(screen.getByRole("alert")).toBeTruthy();
  expect(await screen.findByText("8.00")).toBeTruthy();
  expect(screen.queryByRole("alert")).toBeNull();
});
