import { flushSync } from "react-dom";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BotsPageBundle } from "../api/schema";
import { App } from "../app";
import { bundleFixture, troubledFixture } from "../lib/fixture";
import { clearAllCache, setCached } from "../live";
import { startClock } from "../live/clock";
import { draw } from "./draw";
import { renew, showKept } from "./kept";

// The chart draws on a canvas, which a document without a browser does not have; its own tests are beside it.
vi.mock("../ui/chart/equity-chart", () => ({ default: ({ name }: { name: string }) => <p>curve of {name}</p> }));

vi.stubGlobal("fetch", () => new Promise(() => {})); // for good: the connection outlives a test

const WALL = Date.parse("2026-01-01T12:00:00Z");
const PATHS = ["/bots", "/bots/orb_ny", "/bots/nobody", "/intraday", "/logs", "/system", "/nowhere"];
let host: HTMLElement;
let root: Root | undefined;

beforeEach(() => {
  vi.useFakeTimers({ now: WALL });
  startClock();
  host = document.body.appendChild(document.createElement("div"));
});
afterEach(() => {
  root?.unmount();
  root = undefined;
  host.remove();
  clearAllCache();
  vi.useRealTimers();
});

function keep(bundle = bundleFixture(WALL), age = 180_000): void {
  vi.setSystemTime(WALL - age);
  setCached("/api/bots/page", bundle);
  vi.setSystemTime(WALL);
}

/** A tree as lines: attributes in order of their names, ids that are counted left out, neighbouring texts joined. */
function lines(node: Node, depth = 0): string[] {
  const out: string[] = [];
  node.normalize();
  for (const child of node.childNodes) {
    if (!(child instanceof Element)) out.push(`${" ".repeat(depth)}${child.textContent}`);
    else {
      const attributes = [...child.attributes].map(({ name, value }) =>
        `${name}=${value}`.replace(/(first-|_r_)\w+/g, ""),
      );
      out.push(`${" ".repeat(depth)}${child.tagName.toLowerCase()} ${attributes.sort().join(" ")}`.trimEnd());
      out.push(...lines(child, depth + 1));
    }
  }
  return out;
}

async function drawn(): Promise<string[]> {
  const { waiting } = draw(<App />);
  await Promise.all(waiting);
  const shown = document.createElement("div");
  shown.append(draw(<App />).nodes);
  return lines(shown);
}

describe("the first frame", { timeout: 30_000 }, () => {
  const sound = bundleFixture(WALL);
  const CASES: [string, string, BotsPageBundle | undefined][] = [
    ...PATHS.map((path) => [path, "kept data", sound] as [string, string, BotsPageBundle]),
    ...["/bots", "/bots/swing_2w"].map(
      (path) => [path, "trouble", troubledFixture(WALL)] as [string, string, BotsPageBundle],
    ),
    ...PATHS.map((path) => [path, "nothing", undefined] as [string, string, undefined]),
  ];
  it.each(CASES)("of %s with %s is what React draws first", async (path, _, bundle) => {
    if (bundle) keep(bundle);
    history.replaceState(null, "", path);
    const early = await drawn();
    const made = createRoot(host);
    root = made;
    flushSync(() => made.render(<App />));
    expect(early).toEqual(lines(host));
  });

  it("has the kept figures with their age, and nothing that looks verified", async () => {
    keep();
    history.replaceState(null, "", "/bots");
    showKept(host, <App />)();
    expect(host.querySelectorAll(".compare tbody tr")).toHaveLength(6);
    expect(host.textContent).toContain("3 min");
    expect(host.querySelector(".bar-chip.link")?.textContent).toBe("LinkCONNECTINGkept 3 min 00 s ago");
    expect(host.querySelector(".sessions.kept .session.open")).not.toBeNull();
    expect(host.querySelectorAll(".equity .flash:not(:has(.held))")).toHaveLength(0);
  });

  it("gives no age to what was kept by a clock that is put back since", () => {
    keep(bundleFixture(WALL), -3_600_000);
    const record = JSON.parse(localStorage.getItem("aion_cache_api:/api/bots/page") ?? "") as object;
    clearAllCache();
    localStorage.setItem("aion_cache_api:/api/bots/page", JSON.stringify(record)); // as a page loaded now finds it
    history.replaceState(null, "", "/bots");
    showKept(host, <App />)();
    expect(host.querySelector(".bar-chip.link")?.textContent).toBe("LinkCONNECTINGkept an unknown time ago");
    expect(host.textContent).not.toMatch(/NaN|kept 0|Kept from 0/);
    expect(host.querySelector(".sessions.kept")).not.toBeNull();
  });

  it("lets its ages go on until React takes over, and touches nothing else", () => {
    keep();
    history.replaceState(null, "", "/bots");
    const stop = showKept(host, <App />);
    const row = host.querySelector(".compare tbody tr") as HTMLElement;
    const link = row.querySelector("a") as HTMLElement;
    link.focus();
    const before = row.textContent;
    vi.setSystemTime(WALL + 120_000);
    vi.advanceTimersByTime(1000);
    expect(row.textContent).not.toBe(before);
    expect(host.querySelector(".compare tbody tr")).toBe(row);
    expect(document.activeElement).toBe(link);
    stop();
    const after = row.textContent;
    vi.setSystemTime(WALL + 240_000);
    vi.advanceTimersByTime(1000);
    expect(row.textContent).toBe(after);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is left to React where a component cannot be drawn", () => {
    const said = vi.spyOn(console, "debug").mockImplementation(() => {});
    const Broken = (): React.ReactNode => {
      throw new Error("no such thing");
    };
    showKept(host, <Broken />)();
    expect(host.childNodes).toHaveLength(0);
    expect(said.mock.calls.join()).toContain("no such thing");
  });
});

describe("renew", () => {
  it("makes the old tree look like the new one and keeps what is equal", () => {
    const made = (html: string): HTMLElement => {
      const element = document.createElement("div");
      element.innerHTML = html;
      return element;
    };
    const old = made("<p class='a'>1</p><ul><li>x</li></ul><b>same</b>");
    const same = old.querySelector("b");
    const fresh = '<p class="b">1</p><ul><li>x</li><li>y</li></ul><b>same</b>';
    renew(old, made(fresh));
    expect(old.innerHTML).toBe(fresh);
    expect(old.querySelector("b")).toBe(same);
  });
});
