import { describe, expect, it } from "vitest";
import type { Comparison, Line } from "../../api/schema";
import { chosen, knownSince, pairOf, picture, reasons, steps } from "./lines";

const line = (name: string, growth: Record<string, number>, hold = {}): Line => ({
  name,
  mode: "paper",
  currency: "USD",
  bots: [name],
  first: "2022-01-01",
  last: "2022-01-03",
  growth,
  hold,
});
const FOUND: Comparison = {
  first: "2022-01-01",
  last: "2022-01-03",
  problem: "",
  bots: [
    line("a", { "2022-01-01": 1, "2022-01-02": 1.1, "2022-01-03": 1.2 }, { "2022-01-01": 1, "2022-01-03": 0.9 }),
    line("b", { "2022-01-01": 1, "2022-01-03": 0.8 }),
  ],
  together: [],
  pairs: [{ one: "a", other: "b", days: 2 }],
  missing: {},
};

describe("curves of several bots", () => {
  it("stand at their days, the higher the better", () => {
    const { lines } = picture(FOUND, "");
    expect(lines.map(({ name, kind }) => [name, kind])).toEqual([
      ["a", "line-0"],
      ["b", "line-1"],
    ]);
    const points = (lines[0]?.path ?? "")
      .slice(1)
      .split("L")
      .map((point) => point.split(",").map(Number));
    expect(points.map(([x]) => x)).toEqual([0, 500, 1000]);
    const ys = points.map(([, y]) => y ?? 0);
    expect(ys).toEqual([...ys].sort((one, other) => other - one));
  });

  it("have the benchmark that was chosen beside them", () => {
    expect(picture(FOUND, "a").lines.at(-1)?.name).toBe("hold a");
    expect(picture(FOUND, "nobody").lines).toHaveLength(2);
  });

  it("are not drawn without a common span", () => {
    expect(picture({ problem: "no two days", bots: [], together: [], pairs: [], missing: {} }, "")).toEqual({
      lines: [],
      ticks: [],
    });
  });

  it("stand beside round ticks", () => {
    expect(steps(-0.02, 0.19).map((each) => Number(each.toFixed(4)))).toEqual([0, 0.05, 0.1, 0.15]);
    expect(steps(0, 0)).not.toHaveLength(0);
    expect(steps(-0.5, 2).length).toBeLessThanOrEqual(6);
  });
});

describe("the bots that are compared", () => {
  const bots = ["a", "b", "c", "d", "e", "f", "g"];

  it("are the first few until somebody chooses", () => {
    expect(chosen(null, bots)).toEqual(["a", "b", "c", "d", "e", "f"]);
    expect(chosen("g,a,a,stranger", bots)).toEqual(["g", "a"]);
    expect(chosen("", bots)).toEqual([]);
  });

  it("are found in either order of a pair", () => {
    expect(pairOf(FOUND, "b", "a")?.days).toBe(2);
    expect(pairOf(FOUND, "a", "a")).toBeUndefined();
  });

  it("are named together where the reason is one", () => {
    expect([...reasons({ a: "one day", b: "no day", c: "one day" })]).toEqual([
      ["one day", ["a", "c"]],
      ["no day", ["b"]],
    ]);
  });

  it("say from when on they are known", () => {
    expect(knownSince(line("a", {}), FOUND)).toBe("");
    expect(knownSince({ ...line("a", {}), first: "2021-01-01" }, FOUND)).toBe("known since 2021-01-01");
  });
});
