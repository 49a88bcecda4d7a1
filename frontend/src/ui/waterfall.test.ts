import { expect, it } from "vitest";
import { waterfall } from "./waterfall";

it("waterfall of a gain lost to costs falls through zero", () => {
  const shape = waterfall({ gross: 33.6, fees: 36.51, slippage: 36, net: -38.91 }, { currency: "USD" });
  const [gross, fees, slippage, net] = shape.steps;
  expect([gross?.tone, fees?.tone, slippage?.tone, net?.tone]).toEqual(["up", "cost", "cost", "down"]);
  expect(gross?.handover).toBe(gross?.y);
  expect(fees?.y).toBeCloseTo(gross?.y ?? Number.NaN);
  expect(slippage?.y).toBeCloseTo(fees?.handover ?? Number.NaN);
  expect(net?.y).toBeCloseTo(shape.zero);
  expect((net?.y ?? 0) + (net?.height ?? 0)).toBeCloseTo(slippage?.handover ?? Number.NaN);
});

it("waterfall of a loss hangs all bars under the zero line", () => {
  const shape = waterfall({ gross: -970.2, fees: 4.16, slippage: 17.64, net: -992 }, { currency: "USD" });
  expect(shape.zero).toBe(2);
  for (const step of shape.steps) expect(step.y).toBeGreaterThanOrEqual(shape.zero);
  expect(shape.steps[3]?.height).toBeCloseTo(22);
});

it("waterfall keeps a small cost visible and draws none where there is none", () => {
  const shape = waterfall({ gross: 10_000, fees: 0.01, slippage: 0, net: 9_999.99 }, { currency: "USD" });
  expect(shape.steps[1]?.height).toBe(1.5);
  expect(shape.steps[2]?.height).toBe(0);
});

it("waterfall of nothing is flat and finite", () => {
  const shape = waterfall({ gross: 0, fees: 0, slippage: 0, net: 0 }, { currency: "USD" });
  expect(shape.steps.every((step) => step.height === 0 && Number.isFinite(step.y))).toBe(true);
  expect(shape.steps[0]?.tone).toBe("even");
});

it("charges for nights have a bar of their own between slippage and net, and none where there are none", () => {
  const shape = waterfall({ gross: 100, fees: 10, slippage: 20, borrow: 30, net: 40 }, { currency: "USD" });
  expect(shape.steps.map((step) => step.kind)).toEqual(["gross", "fees", "slippage", "borrow", "net"]);
  const [, fees, slippage, borrow] = shape.steps;
  expect(slippage?.y).toBeCloseTo(fees?.handover ?? -1);
  expect(borrow?.y).toBeCloseTo(slippage?.handover ?? -1);
  expect(borrow?.height).toBeCloseTo(3 * (fees?.height ?? 0));
  expect(waterfall({ gross: 100, fees: 10, slippage: 20, borrow: 0, net: 70 }, { currency: "USD" }).steps).toHaveLength(
    4,
  );
});

it("ends the costs where they end when funding comes after them", () => {
  const { steps } = waterfall({ gross: 100, fees: 10, slippage: 20, net: 95 }, { currency: "USD" });
  const [, , slippage, net] = steps;
  expect(slippage?.height).toBeCloseTo(2 * (steps[1]?.height ?? 0));
  expect(net?.height).toBeGreaterThan(steps[0]?.height ? steps[0].height * 0.9 : 0);
});
