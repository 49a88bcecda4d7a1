import { describe, expect, it } from "vitest";
import {
  abbreviated,
  cost,
  count,
  direction,
  isLong,
  MINUS,
  money,
  moneyChange,
  moneyIn,
  plural,
  price,
  priceDecimals,
  quantity,
  sharedDecimals,
} from "./money";

describe("money", () => {
  it("always has two decimals and separators", () => {
    expect(money(99008)).toBe("99,008.00");
    expect(money(1234567.891)).toBe("1,234,567.89");
  });

  it("has a real minus", () => {
    expect(money(-992)).toBe(`${MINUS}992.00`);
    expect(MINUS).toBe("\u2212");
  });

  it("puts the code behind, joined", () => {
    expect(moneyIn(99008, "USD")).toBe("99,008.00\u00a0USD");
  });

  it.each([undefined, Number.NaN, Number.POSITIVE_INFINITY, null, "12"])("of %s is empty, never 0 or NaN", (value) => {
    const absent = value as number | undefined;
    for (const text of [
      money(absent),
      moneyChange(absent),
      cost(absent),
      price(absent),
      quantity(absent),
      count(absent),
    ]) {
      expect(text).toBe("");
    }
    expect(moneyIn(absent, "USD")).toBe("");
  });
});

describe("a change", () => {
  it("has a plus or a minus", () => {
    expect(moneyChange(1771.47)).toBe("+1,771.47");
    expect(moneyChange(-0.005001)).toBe(`${MINUS}0.01`);
  });

  it("that rounds to zero has no sign and no direction", () => {
    expect(moneyChange(0)).toBe("0.00");
    expect(moneyChange(-0.001)).toBe("0.00");
    expect(moneyChange(0.0049)).toBe("0.00");
    expect(direction(-0.001)).toBe(0);
    expect(direction(0.0049)).toBe(0);
    expect(direction(0.005)).toBe(1);
    expect(direction(-3)).toBe(-1);
    expect(direction(undefined)).toBe(0);
  });

  it("from a cost is negative, and none is 0.00", () => {
    expect(cost(21.8)).toBe(`${MINUS}21.80`);
    expect(cost(0)).toBe("0.00");
  });
});

describe("price", () => {
  it("keeps 2 to 4 decimals, the same in a column", () => {
    expect(price(256.21)).toBe("256.21");
    expect(price(84.4501)).toBe("84.4501");
    expect(price(102)).toBe("102.00");
    const column = [100, 99.5, 84.125];
    expect(priceDecimals(column)).toBe(3);
    expect(column.map((each) => price(each, priceDecimals(column)))).toEqual(["100.000", "99.500", "84.125"]);
  });

  it("keeps the decimals of the tick while prices change, and those that are needed without one", () => {
    expect([255.5275, 255.53, 256].map((each) => price(each, sharedDecimals(0.01, [each])))).toEqual([
      "255.53",
      "255.53",
      "256.00",
    ]);
    expect(price(53.8, sharedDecimals(0.0001, [53.8]))).toBe("53.8000");
    expect(price(84.05, sharedDecimals(0.05, [84.1]))).toBe("84.05");
    expect(sharedDecimals(1, [100])).toBe(2);
    expect(sharedDecimals(undefined, [255.5275, 1])).toBe(4);
    expect(sharedDecimals(Number.NaN, [1])).toBe(2);
    expect(sharedDecimals(0, [1])).toBe(2);
  });

  it("is not given decimals by binary rests", () => {
    expect(priceDecimals([0.1 + 0.2, 1.005, 256.1 * 3])).toBe(3);
    expect(priceDecimals([768.3])).toBe(2);
  });
});

describe("quantity", () => {
  it("has no decimals for whole shares, four for fractions, a minus when short", () => {
    expect(quantity(2400)).toBe("2,400");
    expect(quantity(1178.5487)).toBe("1,178.5487");
    expect(quantity(222.93)).toBe("222.9300");
    expect(quantity(-120)).toBe(`${MINUS}120`);
  });
});

describe("words", () => {
  it("count", () => {
    expect(plural(1, "bot")).toBe("1 bot");
    expect(plural(4, "bot")).toBe("4 bots");
    expect(plural(0, "bot")).toBe("0 bots");
  });

  it("abbreviate axis ticks and volumes", () => {
    expect(abbreviated(1_234_567)).toBe("1.2\u00a0M");
    expect(abbreviated(34_000)).toBe("34\u00a0k");
    expect(abbreviated(9_999)).toBe("9,999");
    expect(abbreviated(2.4e9)).toBe("2.4\u00a0B");
    expect(abbreviated(undefined)).toBe("");
  });
});

it("tells figures that stand in one line from those that wrap", () => {
  const most = 34;
  expect(isLong(most, moneyChange(-8432.1), cost(1234.56), cost(123.45), moneyChange(-9790.11))).toBe(false);
  expect(isLong(most, moneyChange(1_132_450.53), cost(4040), cost(8080), moneyChange(1_120_330.53))).toBe(true);
  expect(isLong(most)).toBe(false);
});
