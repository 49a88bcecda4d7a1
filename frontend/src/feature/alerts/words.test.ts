import { describe, expect, it } from "vitest";
import type { AlertRule } from "../../api/schema";
import { draftOf, EMPTY, faultsOf, newName, planOf, refusal, ruleOf, span, told, whose } from "./words";

const LOSS: AlertRule = { kind: "day_loss", bot: "trend", limit: 2.5, unit: "percent", is_on: true, note: "" };

describe("an alert rule in words", () => {
  it("says limit and unit", () => {
    expect(told(LOSS)).toBe("Day loss of 2.5\u00a0% or more");
    expect(told({ ...LOSS, unit: "money" })).toBe("Day loss of 2.5 or more");
    expect(told({ kind: "no_fill", bot: "*", minutes: 120, is_on: true, note: "" })).toBe("No fill for 2 hours");
  });

  it("says minutes in the largest unit that is exact", () => {
    expect([90, 60, 1440, 2880, 1].map(span)).toEqual(["90 minutes", "1 hour", "1 day", "2 days", "1 minute"]);
  });

  it("says whom it is for", () => {
    expect(whose(LOSS)).toBe("trend");
    expect(whose({ ...LOSS, bot: "*" })).toBe("all bots");
    expect(whose({ kind: "held_machine", bot: "*", is_on: true, note: "" })).toBe("all machines");
  });
});

describe("the form of a rule", () => {
  it("gives back the rule that it was made of", () => {
    expect(ruleOf(draftOf(LOSS))).toEqual(LOSS);
  });

  it("leaves out what its kind does not have, and numbers that are none", () => {
    const draft = { ...EMPTY, limit: "3", minutes: "30" };
    expect(ruleOf(draft)).toEqual({ kind: "fill", bot: "*", is_on: true, note: "" });
    expect(ruleOf({ ...draft, kind: "drawdown", limit: "ten" })).toEqual({
      kind: "drawdown",
      bot: "*",
      is_on: true,
      note: "",
    });
    expect(ruleOf({ ...draft, kind: "no_fill", minutes: "1,5" }).minutes).toBe(1.5);
  });

  it("names a rule as no other is named", () => {
    expect(newName({})).toBe("r1");
    expect(newName({ r2: LOSS, r1: LOSS })).toBe("r3");
    expect(newName({ r2: LOSS })).toBe("r3");
  });

  it("finds the complaints about its fields", () => {
    const fields = { "rules.r1.limit": "is missing", "rules.r10.kind": "x", "plan.zone": "y" };
    expect(faultsOf(fields, "rules.r1")).toEqual({ limit: "is missing" });
    expect(faultsOf(fields, "plan")).toEqual({ zone: "y" });
  });

  it("says where the reason stands", () => {
    expect(refusal("somebody saved version 3")).toBe("Not saved: somebody saved version 3");
    expect(refusal("x", { a: "b" })).toBe("Not saved: see what stands beside the field.");
  });

  it("says of the plan only what is filled in", () => {
    const texts = { zone: "UTC", quiet_from: " ", quiet_to: "", most_an_hour: "12", daily_at: "", weekly_on: "" };
    expect(planOf(texts)).toEqual({ zone: "UTC", most_an_hour: 12 });
  });
});
