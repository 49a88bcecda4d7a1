import { describe, expect, it } from "vitest";
import { fall, percent, percentChange, points, returnOn, typeset } from "./percent";

describe("per cent", () => {
  it("is a fraction with two decimals and a space that does not break", () => {
    expect(percent(0.57)).toBe("57.00\u00a0%");
    expect(percent(0.5, 0)).toBe("50\u00a0%");
    expect(percentChange(-0.0099)).toBe("\u22120.99\u00a0%");
    expect(percentChange(0.2241)).toBe("+22.41\u00a0%");
  });

  it("that is zero has no sign", () => {
    expect(percentChange(0)).toBe("0.00\u00a0%");
    expect(percentChange(-0.00001)).toBe("0.00\u00a0%");
    expect(fall(0)).toBe("0.00\u00a0%");
  });

  it("of a drawdown is a fall", () => {
    expect(fall(0.1564)).toBe("\u221215.64\u00a0%");
  });

  it("of per cents differ in points", () => {
    expect(points(-0.0116)).toBe("\u22121.16\u00a0pp");
  });

  it.each([undefined, Number.NaN])("of %s is empty", (value) => {
    for (const text of [percent(value), percentChange(value), fall(value), points(value)]) expect(text).toBe("");
  });

  it("needs a start above zero", () => {
    expect(returnOn(110, 100)).toBeCloseTo(0.1);
    expect(returnOn(110, 0)).toBeUndefined();
    expect(returnOn(110, undefined)).toBeUndefined();
    expect(returnOn(undefined, 100)).toBeUndefined();
  });
});

it("writes the figures of a file's text as the page writes its own", () => {
  expect(typeset("first 30 minutes -1.00%")).toBe("first 30 minutes \u22121.00\u00a0%");
  expect(typeset("-3% and (-4 %), +9.9% in 63 days, 10-day high on 2022-05-19")).toBe(
    "\u22123\u00a0% and (\u22124 %), +9.9\u00a0% in 63 days, 10-day high on 2022-05-19",
  );
  expect(typeset("https://a.b/c%20d?x=5%20")).toBe("https://a.b/c%20d?x=5%20");
});
