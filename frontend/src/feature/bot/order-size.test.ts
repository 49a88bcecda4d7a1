import { expect, test } from "vitest";
import { orderSize } from "./order-size";

test("an order says its part of equity until its fill has made a quantity of it", () => {
  expect(orderSize({ weight: 0.1 })).toBe("10\u00a0% of equity");
  expect(orderSize({ weight: -0.3333 })).toBe("\u221233.33\u00a0% of equity");
  expect(orderSize({ weight: 0.1, quantity: 500 })).toBe("500");
  expect(orderSize({ quantity: 0.25 })).toBe("0.25");
  expect(orderSize({})).toBe("");
});
