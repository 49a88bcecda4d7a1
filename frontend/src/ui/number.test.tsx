import { cleanup, render } from "@testing-library/preact";
import type { ComponentChildren } from "preact";
import { afterEach, describe, expect, it } from "vitest";
import { flashOrHold, Money, Net, NetPercent, Ratio, Value } from "./number";

const USD = { currency: "USD" };

afterEach(cleanup);

const text = (node: ComponentChildren): string => render(<p>{node}</p>).container.textContent ?? "";

describe("figures", () => {
  it("that are absent are spoken as no data and show no 0, dash or NaN", () => {
    for (const node of [
      <Money of={USD} key="a" value={undefined} />,
      <Net of={USD} key="b" value={Number.NaN} />,
      <NetPercent key="c" value={undefined} />,
      <Value key="d">{""}</Value>,
      <Ratio key="e" text="42 %" closed={undefined} />,
    ]) {
      const { container } = render(<p>{node}</p>);
      expect(container.querySelector(".spoken")?.textContent).toBe("no data");
      expect(container.textContent).toBe("no data");
      cleanup();
    }
  });

  it("of a net result have sign, arrow and tone; zero has none", () => {
    expect(text(<Net of={USD} value={-992} />)).toBe("▼\u2212992.00");
    expect(text(<Net of={USD} value={1771.47} />)).toBe("▲+1,771.47");
    expect(text(<Net of={USD} value={0} />)).toBe("0.00");
    expect(render(<Net of={USD} value={-1} />).container.querySelector(".down")).not.toBeNull();
  });

  it("below 30 closed trades are their number", () => {
    expect(text(<Ratio text="42 %" closed={7} wins={3} />)).toBe("3 of 7 won, small sample");
    expect(text(<Ratio text="" closed={29} />)).toBe("29 trades, small sample");
    expect(text(<Ratio text="42 %" closed={30} />)).toBe("42 % of 30 trades");
    expect(text(<Ratio text="" closed={36} />)).toBe("36 trades");
  });

  it("that are held are underlined", () => {
    expect(render(<Money of={USD} value={5} held />).container.querySelector(".held")?.textContent).toBe("5.00");
    cleanup();
    expect(render(<Money of={USD} value={5} />).container.querySelector(".held")).toBeNull();
  });
});

it("a value flashes four times a second, then its ground holds still", () => {
  const recent: number[] = [];
  expect([0, 100, 200, 300, 400, 900].map((now) => flashOrHold(recent, now))).toEqual([
    "flash",
    "flash",
    "flash",
    "flash",
    "hold",
    "hold",
  ]);
  expect(flashOrHold(recent, 1001)).toBe("flash");
});
