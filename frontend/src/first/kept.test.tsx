import { render } from "preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { App } from "../app";
import { bundleFixture } from "../lib/fixture";
import { cardsOf, indexOf } from "../lib/roster-fixture";
import { clearAllCache, setCached } from "../live";
import { startClock } from "../live/clock";
import "../feature/bot/screen"; // here, so that none is still on its way when the last test is over
import "../feature/intraday/screen";
import "../feature/logs/screen";
import "../feature/system/screen";

// The chart draws on a canvas, which a document without a browser does not have; its own tests are beside it.
vi.mock("../ui/chart/equity-chart", () => ({ default: ({ name }: { name: string }) => <p>curve of {name}</p> }));

vi.stubGlobal("fetch", () => new Promise(() => {})); // for good: the connection outlives a test

const WALL = Date.parse("2026-01-01T12:00:00Z");
const PATHS = ["/bots", "/bots/orb_ny", "/bots/nobody", "/intraday", "/logs", "/system", "/nowhere"];
let host: HTMLElement;

beforeEach(() => {
  vi.useFakeTimers({ now: WALL });
  startClock();
  host = document.body.appendChild(document.createElement("div"));
});
afterEach(() => {
  render(null, host);
  host.remove();
  clearAllCache();
  vi.useRealTimers();
});

function keep(bundle = bundleFixture(WALL), age = 180_000): void {
  vi.setSystemTime(WALL - age);
  setCached("/api/bots/index", indexOf(bundle));
  setCached("/api/bots/cards", Object.fromEntries([...cardsOf(bundle)].map(([key, { part }]) => [key, part])));
  vi.setSystemTime(WALL);
}

function show(): void {
  render(<App />, host);
}

describe("the first frame", { timeout: 30_000 }, () => {
  it.each(PATHS)("of %s stands as soon as it is asked for", (path) => {
    keep();
    history.replaceState(null, "", path);
    show(); // nothing is waited for, neither a frame nor an answer
    expect(host.querySelectorAll("main")).toHaveLength(1);
    expect(host.querySelector(".bar-chip.link")?.textContent).toBe("LinkCONNECTINGkept 3 min 00 s ago");
  });

  it("has the kept figures with their age, and nothing that looks verified", async () => {
    keep();
    history.replaceState(null, "", "/bots");
    show();
    expect(host.querySelectorAll(".compare tbody tr")).toHaveLength(6);
    expect(host.textContent).toContain("3 min");
    expect(host.querySelector(".bar-chip.link")?.textContent).toBe("LinkCONNECTINGkept 3 min 00 s ago");
    expect(host.querySelector(".sessions.kept .session.open")).not.toBeNull();
    expect(host.querySelectorAll(".equity .flash:not(:has(.held))")).toHaveLength(0);
  });

  it("gives no age to what was kept by a clock that is put back since", () => {
    keep(bundleFixture(WALL), -3_600_000);
    const record = JSON.parse(localStorage.getItem("aion_cache_api:/api/bots/index") ?? "") as object;
    clearAllCache();
    localStorage.setItem("aion_cache_api:/api/bots/index", JSON.stringify(record)); // as a page loaded now finds it
    history.replaceState(null, "", "/bots");
    show();
    expect(host.querySelector(".bar-chip.link")?.textContent).toBe("LinkCONNECTINGkept an unknown time ago");
    expect(host.textContent).not.toMatch(/NaN|kept 0|Saved copy from 0/);
    expect(host.querySelector(".sessions.kept")).not.toBeNull();
  });
});
