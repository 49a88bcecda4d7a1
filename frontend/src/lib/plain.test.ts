import { expect, test } from "vitest";
import { plain } from "./plain";

test.each([
  [1e-8, "0.00000001"],
  [1.2e-10, "0.00000000012"],
  [-1.25e-7, "-0.000000125"],
  [5e2, "500"],
  [1e21, "1000000000000000000000"],
  [-1.5e21, "-1500000000000000000000"],
  [1.7976931348623157e308, `17976931348623157${"0".repeat(292)}`],
  [0.1, "0.1"],
  [0, "0"],
])("plain %s", (value, text) => {
  expect(plain(value)).toBe(text);
});

test("plain when any number then it reads as the same number and has no exponent", () => {
  expect(plain(Number.NaN)).toBe("");
  for (let exponent = -320; exponent <= 307; exponent += 1) {
    const value = Number(`-3.217e${exponent}`);
    expect(plain(value)).not.toMatch(/e/i);
    expect(Number(plain(value))).toBe(value);
  }
});
