import { describe, expect, it, vi } from "vitest";
import { keepRoom, makeRoom } from "./room";

/** A page whose requests never end by themselves. */
function page() {
  const sent: { url: string; signal: AbortSignal }[] = [];
  const made = {
    fetch: vi.fn((input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
      const signal = init?.signal ?? (input as Request).signal ?? new AbortController().signal;
      sent.push({ url: String((input as Request).url ?? input), signal });
      return new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
    }),
  };
  keepRoom(made);
  return { made, sent };
}

describe("a stop", () => {
  it("ends whatever waits for the desk, with its own signal or without, but for other stops", async () => {
    const { made, sent } = page();
    const own = new AbortController();
    const waiting = [
      made.fetch("/api/bots/a/control", { method: "POST" }),
      made.fetch("/api/bots/page", { signal: own.signal }),
      made.fetch(new Request("http://desk/api/logs")),
    ];
    const ends = waiting.map((each) => expect(each).rejects.toThrow("It gave way to a stop."));
    const first = made.fetch("/api/bots/a/kill", { method: "PUT", ...makeRoom() });
    void first.catch(() => {});
    await Promise.all(ends);
    void made.fetch("/api/bots/b/kill", { method: "PUT", ...makeRoom() }).catch(() => {});
    expect(sent.slice(3).map(({ url, signal }) => [url, signal.aborted])).toEqual([
      ["/api/bots/a/kill", false],
      ["/api/bots/b/kill", false],
    ]);
    expect(own.signal.aborted).toBe(false);
  });

  it("leaves a request to its own signal, and what comes after the stop alone", async () => {
    const { made, sent } = page();
    const own = new AbortController();
    makeRoom();
    const after = made.fetch("/api/bots/page", { signal: own.signal });
    expect(sent[0]?.signal.aborted).toBe(false);
    own.abort(new Error("left"));
    await expect(after).rejects.toThrow("left");
  });

  it("of another tab ends what waits here", async () => {
    const { made } = page();
    const ended = expect(made.fetch("/api/bots/page")).rejects.toThrow("It gave way to a stop.");
    const other = new BroadcastChannel("aion_room");
    other.postMessage("");
    await ended;
    other.close();
  });
});
