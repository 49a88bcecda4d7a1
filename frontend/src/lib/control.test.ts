import { expect, it, vi } from "vitest";
import { outcome, postControl } from "./control";

const ASKED = { action: "speed", value: 10, at: 1000 } as const;

const ID = "c20221120T000000-a";
const asked = { ...ASKED, id: ID };
const state = (...given: Parameters<typeof outcome>) => outcome(...given).state;

it("is requested until the bots answer its exact id, then done", () => {
  expect(state(ASKED, { control_id: "c20221119T000000-a" }, 1500)).toBe("requested");
  expect(state(asked, { control_id: "c20221119T000000-a" }, 1500)).toBe("requested");
  expect(state(asked, { control_id: ID }, 1500)).toBe("done");
  expect(state(asked, { control_id: "note" }, 1500)).toBe("requested");
  expect(state(asked, { control_id: "c20221121T000000-a" }, 9000)).toBe("late");
  expect(state(asked, { control_id: "c20221121T000000-a", control_answers: { [ID]: "done" } }, 9000)).toBe("done");
});

it("is what the answer says: begun, refused or overtaken", () => {
  const said = (text: string) => outcome(asked, { control_answers: { [ID]: text } }, 1500);
  expect(said("accepted")).toEqual({ state: "accepted", detail: "" });
  expect(said("refused: the tape has: nothing")).toEqual({ state: "failed", detail: "the tape has: nothing" });
  expect(said("superseded: speed was asked right after it").state).toBe("superseded");
  expect(outcome(asked, { control_id: ID, control_error: "no" }, 1500)).toEqual({ state: "failed", detail: "no" });
});

it("is not answered after a while, and never done without an answer", () => {
  expect(state(asked, undefined, 9000)).toBe("late");
  expect(state({ ...ASKED, id: "b", dueAt: 20_000 }, { control_id: "a" }, 9000)).toBe("requested");
  expect(state({ ...ASKED, failed: "no" }, { control_id: "9" }, 1100)).toBe("failed");
});

it("says why the desk refused", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ error: "X", detail: "no bots run" }, { status: 409 })));
  await expect(postControl(ASKED)).rejects.toThrow("no bots run");
  vi.unstubAllGlobals();
});
