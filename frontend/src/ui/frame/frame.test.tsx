import { fireEvent, render, screen } from "@testing-library/preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ClockState, FeedState, Session } from "../../api/schema";
import { standStill, WALL } from "../../lib/bench";
import { bundleFixture, MARKET, SESSIONS, sparse } from "../../lib/fixture";
import { setTheme, setZone } from "../../lib/preference";
import { setWallOffset } from "../../lib/ticker";
import { zoneChoices } from "./clock-panel";
import { Frame } from "./frame";
import { LinkChip } from "./link-chip";
import { ModeChip, modeWords, nextRun } from "./mode-chip";
import { lanePieces, nextEvent } from "./sessions";

standStill();
afterEach(() => setTheme("auto"));

const CLOCK = sparse<ClockState>({ state: "running", market_time: "2022-05-19T14:32:00Z", speed: 60 });
const words = (clock: ClockState): string => {
  const { container } = render(<ModeChip mode="replay" run="1" clock={clock} sessions={SESSIONS} />);
  return (container.querySelector("dl")?.textContent ?? "").replace("Mode", "");
};

describe("the mode chip", () => {
  it("of a replay has its date, time, zone and speed", () => {
    expect(words(CLOCK)).toBe("REPLAY2022-05-19 14:32 UTCx60");
  });

  it("says what the clock does instead of running", () => {
    expect(words({ ...CLOCK, state: "catching_up", progress: 0.419 })).toContain("catching up 41\u00a0%");
    expect(words({ ...CLOCK, state: "paused" })).toContain("PAUSED");
    expect(words({ ...CLOCK, state: "paused" })).not.toContain("x60");
    expect(words({ ...CLOCK, state: "closed", label: "closed, Hong Kong opens in 5 h 30 min" })).toContain(
      "closed, Hong Kong opens in 5 h 30 min",
    );
  });

  it("of a finished run counts down to the next one", () => {
    const clock: ClockState = { ...CLOCK, state: "finished", next_run_at: new Date(WALL + 24_500).toISOString() };
    expect(words(clock)).toBe("REPLAYfinishedrun 2 in 24 s");
    expect(nextRun("7")).toBe("run 8");
    expect(nextRun("spring")).toBe("next run");
  });

  it("never calls a replay or a closed market live", () => {
    expect(modeWords("replay", { ...CLOCK, real_time: true }, SESSIONS).mode).toBe("REPLAY");
    expect(modeWords("paper", { ...CLOCK, delay_s: 900 }, SESSIONS).mode).toBe("PAPER, delayed 15 min");
    const closed = { XNYS: { ...(SESSIONS.XNYS as Session), state: "closed" as const } };
    expect(modeWords("live", { ...CLOCK, real_time: true }, closed).mode).not.toContain("LIVE");
    expect(modeWords("live", CLOCK, SESSIONS).mode).not.toContain("LIVE");
    expect(modeWords("live", { ...CLOCK, real_time: true }, SESSIONS).mode).toBe("LIVE");
  });

  it("says beside the mode that a real-time feed does not deliver", () => {
    const feed = { answered_at: "2026-01-01T11:58:00Z", symbols: {} } as unknown as FeedState;
    const words = (state: FeedState["state"]) =>
      modeWords("paper", { ...CLOCK, state: "running", real_time: true, feed_state: { ...feed, state } }, SESSIONS)
        .doing;
    expect(words("ok")).toBeUndefined();
    expect(words("late")).toBe("data late");
    expect(words("down")).toBe("feed down");
  });
});

describe("the link chip", () => {
  const text = (link: Parameters<typeof LinkChip>[0]["link"]): string =>
    render(<LinkChip link={link} />).container.textContent ?? "";

  it("says ages of this page by its own clock, whatever the desk's is", () => {
    for (const offset of [3_600_000, -3_600_000]) {
      setWallOffset(offset);
      expect(text({ state: "streaming", verifiedAt: WALL - 400 })).toBe("LinkSTREAMINGverified 0.4 s ago");
      const hour = offset > 0 ? 13 : 11;
      expect(text({ state: "offline", since: WALL, verifiedAt: WALL - 15_000 })).toBe(
        `LinkOFFLINEsince ${hour}:00verified 15 s ago`,
      );
    }
    setWallOffset(0);
    vi.setSystemTime(WALL - 3_600_000);
    expect(text({ state: "offline", verifiedAt: WALL - 15_000 })).toBe("LinkOFFLINEverified 15 s ago");
  });

  it("says HELD, and as of when, once the machine that feeds the desk is silent", () => {
    const link: Parameters<typeof LinkChip>[0]["link"] = { state: "streaming", verifiedAt: WALL, held: ["data"] };
    const chip = (keptAt: number) => render(<LinkChip link={link} keptAt={keptAt} />).container;
    expect(chip(WALL - 13_000).textContent).toBe("LinkHELDas of 11:59");
    expect(chip(Number.NaN).textContent).toBe("LinkHELD");
  });

  it("names the machines of several that are held", () => {
    expect(text({ state: "streaming", verifiedAt: WALL - 400, held: ["m2", "m3"] })).toBe(
      "LinkSTREAMINGm2, m3 heldverified 0.4 s ago",
    );
  });

  it("says the state and the age of the last verification", () => {
    expect(text({ state: "streaming", verifiedAt: WALL - 400 })).toBe("LinkSTREAMINGverified 0.4 s ago");
    expect(text({ state: "polling", verifiedAt: WALL - 1400, pollEvery: 5 })).toBe(
      "LinkPOLLINGevery 5 sverified 1.4 s ago",
    );
    expect(text({ state: "offline", verifiedAt: WALL - 61_000, since: WALL - 60_000 })).toMatch(
      /^LinkOFFLINEsince \d\d:\d\dverified 1 min 01 s ago$/,
    );
  });

  it("has no age before anything was verified", () => {
    expect(text({ state: "connecting" })).toBe("LinkCONNECTING");
  });
});

describe("a session lane", () => {
  it("has lunch as a hole", () => {
    expect(lanePieces(SESSIONS.XHKG as Session)).toEqual([
      { from: 90, to: 240 },
      { from: 300, to: 480 },
    ]);
  });

  it("over midnight has a piece on each side", () => {
    const session = sparse<Session>({
      state: "open",
      opens_at: "2022-05-19T22:00:00Z",
      closes_at: "2022-05-20T05:00:00Z",
    });
    expect(lanePieces(session)).toEqual([
      { from: 1320, to: 1440 },
      { from: 0, to: 300 },
    ]);
  });

  it("says what comes next, and nothing where it is not known", () => {
    expect(nextEvent(SESSIONS.XLON as Session, MARKET)?.verb).toBe("closes in");
    expect(nextEvent(SESSIONS.XHKG as Session, MARKET)?.verb).toBe("opens in");
    expect(nextEvent(sparse<Session>({ state: "closed" }), MARKET)).toBeUndefined();
    expect(lanePieces(sparse<Session>({ state: "closed" }))).toEqual([]);
  });
});

describe("the frame", () => {
  const show = (keptAt?: number, trouble?: string) =>
    render(
      <Frame page="bots" data={bundleFixture(WALL)} keptAt={keptAt} link={{ state: "streaming" }} trouble={trouble}>
        <h1>Page</h1>
      </Frame>,
    );

  it("has landmarks, one h1 and the present page", () => {
    show();
    expect(screen.getByRole("banner")).toBeTruthy();
    expect(screen.getByRole("main")).toBeTruthy();
    expect(screen.getAllByRole("heading", { level: 1 })).toHaveLength(1);
    expect(screen.getByRole("link", { name: "Bots" }).getAttribute("aria-current")).toBe("page");
    expect(screen.getByRole("link", { name: "Logs" }).getAttribute("aria-current")).toBeNull();
  });

  it("keeps the room of strip and clock before the first data, and tells nothing in it", () => {
    const frame = (data: Parameters<typeof Frame>[0]["data"]) => (
      <Frame page="bots" data={data} keptAt={undefined} link={{ state: "connecting" }}>
        <h1>Page</h1>
      </Frame>
    );
    const { container, rerender } = render(frame(undefined));
    expect(container.querySelector(".sessions")?.getAttribute("aria-hidden")).toBe("true");
    expect(container.querySelectorAll(".sessions .session")).toHaveLength(3);
    expect(container.querySelector(".sessions")?.textContent?.trim()).toBe("");
    expect(container.querySelector(".mode dd")?.textContent?.trim()).toBe("");
    const wrap = container.querySelector(".wrap");
    rerender(frame({ sessions: {} }));
    expect(container.querySelector(".sessions")).toBeNull();
    expect(container.querySelector(".wrap")).not.toBe(wrap); // another page, so that nothing of it jumps
    expect(container.querySelector(".mode dd")?.textContent).toBe("No bots yet");
    const drawn = container.querySelector(".wrap");
    rerender(frame(bundleFixture(MARKET)));
    expect(container.querySelector(".wrap")).toBe(drawn); // once
  });

  it("says why there is no data, as an alert", () => {
    show(undefined, "Cannot reach the desk.");
    expect(screen.getByRole("alert").textContent).toBe("Cannot reach the desk.");
  });

  it("cycles the theme and keeps the choice", () => {
    show();
    const button = screen.getByRole("button", { name: "Theme: Auto" });
    fireEvent.click(button);
    expect(document.documentElement.dataset.theme).toBe("dark");
    expect(localStorage.getItem("aion_theme")).toBe("dark");
    fireEvent.click(button);
    expect(document.documentElement.dataset.theme).toBe("light");
    fireEvent.click(button);
    expect(document.documentElement.dataset.theme).toBeUndefined();
  });

  it("changes the page by keys, but not while somebody types", () => {
    show();
    fireEvent.keyDown(document.body, { key: "g" });
    fireEvent.keyDown(document.body, { key: "l" });
    expect(location.pathname).toBe("/logs");
    const input = document.body.appendChild(document.createElement("input"));
    fireEvent.keyDown(input, { key: "g" });
    fireEvent.keyDown(input, { key: "b" });
    expect(location.pathname).toBe("/logs");
    input.remove();
  });
});

/** Open a panel as the browser does, which this DOM does not. */
function open(id: string): void {
  const panel = document.getElementById(id) as HTMLElement;
  // a DOM that lacks the event's own property has it under the name that Preact listens to there
  const name = "ontoggle" in panel ? "toggle" : "Toggle";
  fireEvent(panel, Object.assign(new Event(name), { newState: "open" }));
}

describe("the zone of times", () => {
  it("may be UTC, this machine's, or that of each exchange once", () => {
    const names = zoneChoices(SESSIONS).map(([, name]) => name);
    expect(names.slice(0, 2)).toEqual(["UTC", expect.stringMatching(/^This machine, /)]);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("Hong Kong");
  });

  it("is followed by the chip at once", () => {
    const data = { mode: "replay" as const, clock: CLOCK, sessions: SESSIONS };
    const { container } = render(
      <Frame page="bots" data={data} keptAt={undefined} link={{ state: "streaming" }}>
        <p>page</p>
      </Frame>,
    );
    expect(container.textContent).toContain("14:32 UTC");
    fireEvent.keyDown(document.body, { key: "z" });
    open("clock-panel");
    fireEvent.change(screen.getByLabelText(/Time zone of all times/), { target: { value: "Asia/Hong_Kong" } });
    expect(container.textContent).toContain("22:32 HKT");
    setZone("UTC");
  });
});

describe("the controls of a replay", () => {
  const data = { mode: "replay" as const, clock: CLOCK, sessions: SESSIONS };
  const frame = (clock: ClockState, mode: "replay" | "paper" = "replay") => (
    <Frame page="bots" data={{ ...data, mode, clock }} keptAt={undefined} link={{ state: "streaming" }}>
      <p>page</p>
    </Frame>
  );

  it("say requested until the bots answer, then done", async () => {
    const sent: string[] = [];
    vi.stubGlobal("fetch", (_url: string, options: RequestInit) => {
      sent.push(String(options.body));
      return Promise.resolve(Response.json({ id: "c7" }, { status: 202 }));
    });
    const { rerender } = render(frame(CLOCK));
    open("clock-panel");
    fireEvent.click(screen.getByRole("button", { name: "Pause the replay" }));
    await vi.advanceTimersByTimeAsync(600);
    expect(JSON.parse(sent[0] ?? "")).toMatchObject({ action: "speed", value: 0 });
    expect(screen.getByText(/Pause requested/)).toBeTruthy();
    expect(screen.getByRole("button", { name: "Pause the replay" }).hasAttribute("disabled")).toBe(true);
    rerender(frame({ ...CLOCK, state: "paused", control_id: "c7" }));
    await vi.advanceTimersByTimeAsync(600);
    expect(screen.getByText(/Pause done/)).toBeTruthy();
    expect(screen.getByRole("button", { name: "Resume the replay" })).toBeTruthy();
    vi.unstubAllGlobals();
  });

  it("are not there for a feed that is no replay", () => {
    render(frame(CLOCK, "paper"));
    expect(screen.queryByRole("button", { name: /replay/ })).toBeNull();
  });
});
