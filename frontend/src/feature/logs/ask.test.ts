import { afterEach, expect, it, vi } from "vitest";
import { get, machineOf, of } from "./ask";

afterEach(() => vi.unstubAllGlobals());

const answer = (parts: string[], size: number, isCut = false): Response => {
  const left = [...parts];
  const body = new ReadableStream<Uint8Array>({
    pull(to) {
      const part = left.shift();
      if (part !== undefined) to.enqueue(new TextEncoder().encode(part));
      else if (isCut) to.error(new TypeError("network error"));
      else to.close();
    },
  });
  return new Response(body, { headers: { "aion-machine": "m1", "content-length": `${size}` } });
};

const asked = (found: Response): void => {
  vi.stubGlobal("fetch", () => Promise.resolve(found));
};

it("says how much of a long answer of another machine has come", async () => {
  const text = JSON.stringify({ lines: ["x".repeat(400_000)] });
  asked(answer([text.slice(0, 204_800), text.slice(204_800)], text.length));
  const said: string[] = [];
  expect(await get("/api/logs?machine=m1", (each) => said.push(each))).toEqual(JSON.parse(text));
  expect(said).toEqual(["Machine m1: 200.0 KB of 390.6 KB.", "Machine m1: 390.6 KB of 390.6 KB.", ""]);
});

it("takes no part of an answer for the whole", async () => {
  asked(answer(['{"lines":'], 2048, true));
  await expect(get("/api/logs?machine=m1")).rejects.toThrow("Machine m1 stopped answering after 9 B of 2.0 KB.");
});

it("gives the sentence of a machine that is silent", async () => {
  asked(new Response('{"detail": "machine m1 is silent"}', { status: 504 }));
  await expect(get("/api/logs?machine=m1")).rejects.toThrow("machine m1 is silent");
});

it("shows the machine that is chosen, else that of the bot, else the desk", () => {
  const machines = { m1: { bots: ["orb_ny"] }, m2: { bots: ["trend"] } };
  expect(machineOf(machines, "m1", "trend")).toBe("m1");
  expect(machineOf(machines, "", "trend")).toBe("m2");
  expect(machineOf(machines, "", "other")).toBe("");
  expect(of("/api/logs?limit=1", "m 1")).toBe("/api/logs?limit=1&machine=m%201");
  expect(of("/api/logs/files", "")).toBe("/api/logs/files");
});
