import { cleanup, render, screen } from "@testing-library/preact";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { afterEach, expect, it, vi } from "vitest";
import { ChartGuard } from "./guard";

afterEach(cleanup);

const tried = vi.fn();
let canDraw = false;

function Chart({ data }: { data: number }) {
  tried(data);
  if (!canDraw) throw new Error("no canvas here");
  return <b>{data}</b>;
}

function guarded(child: ComponentChildren, settings = "day") {
  return (
    <>
      <ChartGuard settings={settings}>{child}</ChartGuard>
      <i>figures</i>
    </>
  );
}

it("says once that its chart cannot be drawn, and leaves it alone while data comes", () => {
  canDraw = false;
  const { rerender } = render(guarded(<Chart data={1} />));
  const said = screen.getByRole("note");
  expect(said.textContent).toContain("no canvas here");
  expect(screen.getByText("figures")).toBeTruthy();
  const times = tried.mock.calls.length;
  for (const data of [2, 3, 4]) rerender(guarded(<Chart data={data} />));
  expect(screen.getByRole("note")).toBe(said);
  expect(tried).toHaveBeenCalledTimes(times);
});

it("tries again where another setting is chosen, and shows the chart if that can be drawn", () => {
  canDraw = false;
  const { rerender } = render(guarded(<Chart data={1} />));
  canDraw = true;
  rerender(guarded(<Chart data={2} />));
  expect(screen.queryByText("2")).toBeNull();
  rerender(guarded(<Chart data={3} />, "run"));
  expect(screen.getByText("3")).toBeTruthy();
  expect(screen.queryByRole("note")).toBeNull();
});

it("holds what fails after the drawing too, as when new data meets a lost canvas", () => {
  function Fails({ data }: { data: number }) {
    useEffect(() => {
      if (data > 1) throw new Error("the canvas was lost");
    }, [data]);
    return <b>{data}</b>;
  }
  const { rerender } = render(guarded(<Fails data={1} />));
  expect(screen.getByText("1")).toBeTruthy();
  rerender(guarded(<Fails data={2} />));
  expect(screen.getByRole("note").textContent).toContain("the canvas was lost");
});
