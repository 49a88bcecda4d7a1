import { expect, it } from "vitest";
import type { AuditList } from "../../api/schema";
import { auditDetail, auditOf } from "./requests";

const AUDIT: AuditList = {
  lines: [
    {
      at: "",
      who: "ana",
      address: "::1",
      what: "rules of orb saved",
      before: { stop: 0.1 },
      after: { stop: 0.2, on: true },
    },
    { at: "", who: "ana", address: "::1", what: "kill switch of desk thrown", after: { reason: "<b>" } },
    { at: "", who: "ana", address: "::1", what: "kill switch of orb_ny cleared", before: { reason: "x" } },
    { at: "", who: "ana", address: "::1", what: "pause asked of orb" },
    { at: "", who: "ana", address: "::1", what: "login" },
  ],
};

it("the audit of a bot is that of its rules and kill switches, and of the switch of all", () => {
  const lines = auditOf(AUDIT, "orb");
  expect(lines.map((line) => line.what)).toEqual(["rules of orb saved", "kill switch of desk thrown"]);
  expect(lines.map(auditDetail)).toEqual(["stop 0.1 → 0.2, on not set → true", "<b>"]);
  expect(auditOf(undefined, "orb")).toEqual([]);
});
