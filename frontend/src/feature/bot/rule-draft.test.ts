import { describe, expect, it } from "vitest";
import type { RuleField, RulesAnswer } from "../../api/schema";
import { sparse } from "../../lib/fixture";
import { changesOf, complaint, fromText, keepDraft, keptDraft, limitsOf, shown, title, toText } from "./rule-draft";

const STOP: RuleField = { description: "", type: "number", unit: "percent", minimum: 0, below: 1, default: 0.01 };
const COUNT: RuleField = { description: "", type: "integer", unit: "count", minimum: 1, maximum: 10, default: 3 };
const SHORT: RuleField = { description: "", type: "boolean", unit: "switch", default: false };
const SAVED = sparse<RulesAnswer>({
  version: 3,
  rules: { stop_loss: 0.07, max_positions: 3, allow_short: true },
  fields: { stop_loss: STOP, max_positions: COUNT, allow_short: SHORT },
});

describe("a percentage", () => {
  it("is typed in per cent and saved as the very fraction", () => {
    for (const fraction of [0.01, 0.07, 0.29, 0.075, 0.1 + 0.2 - 0.2, 0]) {
      expect(fromText(toText(fraction, STOP), STOP)).toBe(Number(fraction.toPrecision(12)));
    }
    expect(fromText("5", STOP)).toBe(0.05);
    expect(fromText("0,5", STOP)).toBe(0.005);
    expect(shown(0.05, STOP)).toBe("5.00\u00a0%");
  });
});

describe("a text that cannot be saved", () => {
  it.each(["", "x", "1e3", "0x10", "--1", "1.2.3", "Infinity", "<b>"])("%j is no number", (text) => {
    expect(complaint(text, STOP)).toBe("Not a number.");
  });

  it("says which limit it breaks", () => {
    expect(complaint("-1", STOP)).toBe("At least 0.00\u00a0%.");
    expect(complaint("100", STOP)).toBe("Less than 100.00\u00a0%.");
    expect(complaint("11", COUNT)).toBe("At most 10.");
    expect(complaint("2.5", COUNT)).toBe("Whole numbers only.");
    expect(complaint("99.9", STOP)).toBe("");
    expect(limitsOf(STOP)).toBe("0.00\u00a0% to under 100.00\u00a0%");
  });
});

describe("the difference", () => {
  it("names what a save changes and nothing else", () => {
    expect(changesOf({ stop_loss: "7", max_positions: "4", allow_short: "false", gone: "1" }, SAVED)).toEqual([
      { name: "max_positions", before: "3", after: "4", value: 4 },
      { name: "allow_short", before: "on", after: "off", value: false },
    ]);
    expect(changesOf({ stop_loss: "oops" }, SAVED)).toEqual([]);
    expect(title("stop_loss")).toBe("Stop loss");
  });
});

describe("a draft", () => {
  it("outlives a reload, and whatever else stands under its key does no harm", () => {
    keepDraft("orb_ny", { stop_loss: "7.5" });
    expect(keptDraft("orb_ny")).toEqual({ stop_loss: "7.5" });
    keepDraft("orb_ny", {});
    expect(keptDraft("orb_ny")).toEqual({});
    for (const foreign of ["{", "null", "[1]", '{"stop_loss": 5}', "7"]) {
      sessionStorage.setItem("aion_draft_orb_ny", foreign);
      expect(keptDraft("orb_ny")).toEqual({});
    }
  });
});
