import { describe, expect, it } from "vitest";
import {
  abbreviated,
  cost,
  count,
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
  type Unit,
  way,
} from "./money";

const of = (currency: string, decimals?: number): Unit => ({ currency, decimals });
const [USD, JPY, KWD, BTC, USDT] = ["USD", "JPY", "KWD", "BTC", "USDT"].map((code) => of(code)) as [
  Unit,
  Unit,
  Unit,
  Unit,
  Unit,
];

describe("money", () => {
  it("has the two decimals of a dollar and separators", () => {
    expect(money(99008, USD)).toBe("99,008.00");
    expect(money(1234567.891, USD)).toBe("1,234,567.89");
  });

  it("has a real minus", () => {
    expect(money(-992, USD)).toBe(`${MINUS}992.00`);
    expect(MINUS).toBe("\u2212");
  });

  it("puts the code behind, joined", () => {
    expect(moneyIn(99008, USD)).toBe("99,008.00\u00a0USD");
  });

  it.each([undefined, Number.NaN, Number.POSITIVE_INFINITY, null, "12"])("of %s is empty, never 0 or NaN", (value) => {
    const absent = value as number | undefined;
    for (const text of [
      money(absent, USD),
      moneyChange(absent, USD),
      cost(absent, USD),
      price(absent),
      quantity(absent),
      count(absent),
    ]) {
      expect(text).toBe("");
    }
    expect(moneyIn(absent, USD)).toBe("");
  });
});

describe("a change", () => {
  it("has a plus or a minus", () => {
    expect(moneyChange(1771.47, USD)).toBe("+1,771.47");
    expect(moneyChange(-0.005001, USD)).toBe(`${MINUS}0.01`);
  });

  it("that rounds to zero has no sign and no direction", () => {
    expect(moneyChange(0, USD)).toBe("0.00");
    expect(moneyChange(-0.001, USD)).toBe("0.00");
    expect(moneyChange(0.0049, USD)).toBe("0.00");
    expect(way(-0.001, USD)).toBe(0);
    expect(way(0.0049, USD)).toBe(0);
    expect(way(0.005, USD)).toBe(1);
    expect(way(-3, USD)).toBe(-1);
    expect(way(undefined, USD)).toBe(0);
  });

  it("from a cost is negative, and none is 0.00", () => {
    expect(cost(-0.006, USD)).toBe("+0.01");
    expect(cost(21.8, USD)).toBe(`${MINUS}21.80`);
    expect(cost(0, USD)).toBe("0.00");
  });
});

describe("price", () => {
  it("keeps its own decimals, 2 or more, the same in a column", () => {
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
    expect(priceDecimals([2842.1052698891976])).toBe(5);
    expect(priceDecimals([768.3])).toBe(2);
  });
});

describe("quantity", () => {
  it("has its own decimals, none for whole shares, a minus when short", () => {
    expect(quantity(2400)).toBe("2,400");
    expect(quantity(1178.5487)).toBe("1,178.5487");
    expect(quantity(222.93)).toBe("222.93");
    expect(quantity(-120)).toBe(`${MINUS}120`);
    expect(quantity(8103727.71474878)).toBe("8,103,727.71474878");
    expect(quantity(1 / 3)).toBe("0.33333333");
    expect(quantity(1e-8)).toBe("0.00000001");
    expect(quantity(0.1 + 0.2)).toBe("0.3");
  });
});

describe("currencies", () => {
  it("have the decimals of ISO 4217, coins eight", () => {
    expect(money(1234.5, JPY)).toBe("1,235");
    expect(money(1234.5, KWD)).toBe("1,234.500");
    expect(money(0.05021976, BTC)).toBe("0.05021976");
    expect(money(0.00012345, BTC)).toBe("0.00012345");
    expect(moneyChange(-0.00000001, BTC)).toBe(`${MINUS}0.00000001`);
    expect(money(1, USDT)).toBe("1.00000000");
    expect(way(0.00000001, BTC)).toBe(1);
    expect(way(0.4, JPY)).toBe(0);
  });

  it("have the decimals that their account says", () => {
    expect(money(1005.25, of("USDT", 2))).toBe("1,005.25");
    expect(moneyChange(-0.004, of("USDT", 2))).toBe("0.00");
    expect(way(-0.004, of("USDT", 2))).toBe(0);
    expect(way(-0.004, of("USDT", 3))).toBe(-1);
    expect(money(12.3456, of("USD", 4))).toBe("12.3456");
    expect(money(1234.5, of("JPY", 0))).toBe("1,235");
  });

  it("show no digit that a double does not hold", () => {
    const wei = of("ETH", 18);
    expect(money(1.1, wei)).toBe("1.100000000000000000");
    expect(money(0.1 + 0.2, wei)).toBe("0.300000000000000");
    expect(money(1e-18, wei)).toBe("0.000000000000000001");
    expect(money(0, wei)).toBe("0.000000000000000000");
    expect(money(12345.678901234567, wei)).toBe("12,345.6789012346");
    expect(money(123456789012.3, of("PEPE"))).toBe("123,456,789,012.30000000");
    expect(money(2 ** 53 + 2, USD)).toBe("9,007,199,254,740,994.00");
    expect(money(1e21, USD)).toBe("1,000,000,000,000,000,000,000.00");
    expect(money(1e21, JPY)).toBe("1,000,000,000,000,000,000,000");
  });

  it("keep the digits of prices however small", () => {
    expect(price(0.00001234)).toBe("0.00001234");
    expect(price(1.2e-10)).toBe("0.00000000012");
    expect(price(1e-18)).toBe("0.000000000000000001");
    expect(price(1.08345)).toBe("1.08345");
    expect(priceDecimals([0.00001234, 1e-8])).toBe(8);
    expect(sharedDecimals(1e-8, [0.00001])).toBe(8);
  });

  it("never show an exponent, and their digits are the amount's", { timeout: 60_000 }, () => {
    let seed = 14;
    const chance = (): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed / 2147483648;
    };
    for (const [currency, decimals] of [
      ["JPY", 0],
      ["USD", 2],
      ["KWD", 3],
      ["BTC", 8],
      ["WEI", 8],
    ] as const) {
      for (let count = 0; count < 2000; count += 1) {
        const value = (chance() - 0.5) * 10 ** Math.floor(chance() * 44 - 20);
        const read = (text: string): number => Number(text.replaceAll(",", "").replace(MINUS, "-").replace("+", ""));
        const unit = of(currency);
        const texts = [money(value, unit), moneyChange(value, unit), cost(value, unit), price(value), quantity(value)];
        for (const text of texts) expect(text).toMatch(/^[+\u2212]?[0-9]{1,3}(,[0-9]{3})*(\.[0-9]+)?$/);
        const room = 0.5001 * 10 ** -decimals + Math.abs(value) * 1e-14;
        expect(Math.abs(read(texts[0] ?? "") - value)).toBeLessThanOrEqual(room);
        const shown = (texts[0] ?? "").split(".")[1]?.length ?? 0;
        if (shown !== decimals) expect((texts[0] ?? "").replace(/\D/g, "").length).toBeGreaterThanOrEqual(15);
        expect(shown).toBeLessThanOrEqual(decimals);
        expect(way(value, unit)).toBe(/[1-9]/.test(texts[0] ?? "") ? Math.sign(value) : 0);
        expect(Math.abs(read(price(value)) - value)).toBeLessThanOrEqual(Math.abs(value) * 5.1e-9 + 5.1e-19);
      }
    }
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
  expect(
    isLong(most, moneyChange(-8432.1, USD), cost(1234.56, USD), cost(123.45, USD), moneyChange(-9790.11, USD)),
  ).toBe(false);
  expect(
    isLong(most, moneyChange(1_132_450.53, USD), cost(4040, USD), cost(8080, USD), moneyChange(1_120_330.53, USD)),
  ).toBe(true);
  expect(isLong(most)).toBe(false);
});
