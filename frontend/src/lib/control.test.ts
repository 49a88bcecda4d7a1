import { expect, it, vi } from "vitest";
import { outcome, postControl } from "./control";

const ASKED = { action: "speed", value: 10, at: 1000 } as const;

it("is requested until the bots answer its id, then done", () => {
  expect(outcome(ASKED, "20221119T000000-a", 1500)).toBe("requested");
  expect(outcome({ ...ASKED, id: "20221120T000000-a" }, "20221119T000000-a", 1500)).toBe("requested");
  expect(outcome({ ...ASKED, id: "20221120T000000-a" }, "20221120T000000-a", 1500)).toBe("done");
  expect(outcome({ ...ASKED, id: "20221120T000000-a" }, "20221121T000000-a", 9000)).toBe("done");
});

it("is not answered after a while, and never done without an answer", () => {
  expect(outcome({ ...ASKED, id: "20221120T000000-a" }, undefined, 9000)).toBe("late");
  expect(outcome({ ...ASKED, id: "b", dueAt: 20_000 }, "a", 9000)).toBe("requested");
  expect(outcome({ ...ASKED, failed: "no" }, "9", 1100)).toBe("failed");
});

it("says why the desk refused", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ error: "X", detail: "no bots run" }, { status: 409 })));
  await expect(postControl(ASKED)).rejects.toThrow("no bots run");
  vi.unstubAllGlobals();
});
