import { act, fireEvent, render, screen, within } from "@testing-library/preact";
import { useMemo } from "preact/hooks";
import { describe, expect, it, vi } from "vitest";
import type { BotsPageBundle, BotView, Fill } from "../../api/schema";
import { EXAMPLE } from "../../bot/example";
import { useStates } from "../../bot/states";
import { standStill, WALL } from "../../lib/bench";
import { bundleFixture, sparse, troubledFixture } from "../../lib/fixture";
import { rosterOf } from "../../lib/roster-fixture";
import { DeskContext, deskOf } from "../../ui/frame/desk";
import { BotsPage } from "./page";

// The chart draws on a canvas, which a document without a browser does not have; its own tests are beside it.
vi.mock("../../ui/chart/equity-chart", () => ({ default: ({ name }: { name: string }) => <p>curve of {name}</p> }));

standStill();

function Page({ bundle, keptAt }: { bundle: BotsPageBundle; keptAt: number | undefined }) {
  const { roster, cards } = useMemo(() => rosterOf(bundle), [bundle]);
  const states = useStates(roster.bots, roster, keptAt !== undefined);
  return (
    <DeskContext value={deskOf(bundle, keptAt)}>
      <BotsPage roster={roster} states={states} cards={cards} />
    </DeskContext>
  );
}

function page(bundle: BotsPageBundle, keptAt?: number) {
  return <Page bundle={bundle} keptAt={keptAt} />;
}

async function show(bundle: BotsPageBundle, keptAt?: number) {
  const shown = render(page(bundle, keptAt));
  await act(async () => {
    await vi.advanceTimersByTimeAsync(20); // the cards come after the first frame
  });
  for (let task = 0; task < 10; task += 1) await act(async () => void (await vi.advanceTimersByTimeAsync(0))); // one each
  return shown;
}

const card = (name: string): HTMLElement => screen.getByRole("article", { name: new RegExp(`^${name}`) });
const VISIBLE_NONSENSE = /NaN|undefined|null|Infinity|\[object/;

describe("the Bots page", () => {
  it("shows each bot once in the table and once as a card, and no figure that adds currencies", async () => {
    const { container } = await show(bundleFixture(WALL));
    expect(screen.getAllByRole("article")).toHaveLength(6);
    expect(container.querySelectorAll(".compare tbody tr")).toHaveLength(6);
    expect(screen.getByRole("region", { name: "Totals by currency" }).querySelectorAll(".total")).toHaveLength(3);
    expect(container.textContent).not.toMatch(VISIBLE_NONSENSE);
  });

  it("has the number of open positions in its title", async () => {
    await show(bundleFixture(WALL));
    expect(document.title).toBe("(13) Bots · Aion");
  });

  it("has no attention line when nothing needs attention", async () => {
    const { container } = await show(bundleFixture(WALL));
    expect(container.querySelector(".attention-line")).toBeNull();
  });

  it("names what needs attention, oldest first, and underlines what is held", async () => {
    const { container } = await show(troubledFixture(WALL));
    const line = screen.getByRole("region", { name: "2 bots need attention" });
    expect(
      within(line)
        .getAllByRole("link")
        .map((link) => link.textContent),
    ).toEqual(["swing_2w", "vwap_ldn"]);
    expect(card("swing_2w").querySelector(".big .held")).not.toBeNull();
    expect(card("orb_ny").querySelector(".held")).toBeNull();
    expect(container.querySelectorAll(".card.attention")).toHaveLength(2);
  });

  it("turns a bot late when its time has passed without any new data", async () => {
    const bundle = bundleFixture(WALL);
    await show(bundle);
    expect(card("orb_ny").textContent).toContain("in session");
    await act(async () => {
      await vi.advanceTimersByTimeAsync(5000);
    });
    expect(card("orb_ny").textContent).toContain("late");
    expect(card("swing_1w").textContent).toContain("on schedule");
  });

  it("says of kept data from when it is, and underlines it", async () => {
    await show(bundleFixture(WALL), WALL - 180_000);
    expect(card("orb_ny").textContent).toContain("Saved copy from 3 min 00 s ago, checking for updates.");
    expect(card("orb_ny").querySelector(".big .held")).not.toBeNull();
  });

  it("shows html of any field as text", async () => {
    const bundle = bundleFixture(WALL);
    const evil = '<img src=x onerror="document.title=1">';
    const orb = bundle.intraday.bots?.orb_ny as BotView;
    orb.rule = evil;
    orb.note = evil;
    orb.hold_name = evil;
    for (const fill of Object.values(orb.fills ?? {})) fill.reason = evil;
    for (const signal of Object.values(orb.signals ?? {})) signal.reason = evil;
    bundle.errors = { "intraday.orb_ny": { kind: "unreadable", file: evil, reason: evil } };
    const { container } = await show(bundle);
    expect(container.querySelector("img")).toBeNull();
    expect(card("orb_ny").textContent).toContain(evil);
  });

  it("shows a bot that says next to nothing without inventing anything", async () => {
    const bundle = bundleFixture(WALL);
    const bare = sparse<BotView>({
      bot: "mine",
      kind: "intraday",
      file: "intraday/sim_logs/2022-05-19_mine.json",
      foreign: true,
      mode: "paper",
      run: "1",
      as_of: "2022-05-19T14:30:00Z",
      currency: "USD",
      equity: 1000,
    });
    bundle.intraday.bots = { ...bundle.intraday.bots, mine: bare };
    await show(bundle);
    const mine = card("mine");
    expect(mine.textContent).toContain("1,000.00");
    expect(mine.textContent).toContain("external");
    expect(mine.textContent).toContain("No open position");
    expect(mine.textContent).toContain("No signals in the file.");
    expect(mine.textContent).not.toMatch(/(?<![,.\d])0\.00|NaN|—/);
    expect(mine.querySelectorAll(".spoken").length).toBeGreaterThan(0);
  });

  it("gives an empty desk one sentence and the lines that make a bot appear", async () => {
    const { container } = await show(sparse<BotsPageBundle>({ version: 1, swing: {}, intraday: {} }));
    expect(await screen.findByRole("heading", { name: "No bots yet" })).toBeTruthy();
    expect(container.textContent).toContain(EXAMPLE);
    expect(EXAMPLE.split("\n").length).toBeLessThanOrEqual(10);
    expect(container.querySelector("table")).toBeNull();
  });

  it("filters table and cards by name, symbol, currency and state", async () => {
    const { container } = await show(troubledFixture(WALL));
    const filter = screen.getByRole("searchbox", { name: "Filter bots" });
    const names = (): string[] => screen.queryAllByRole("article").map((article) => article.id);
    fireEvent.input(filter, { target: { value: "hkd" } });
    expect(names()).toEqual(["momo_hk"]);
    fireEvent.input(filter, { target: { value: "SWING late" } });
    expect(names()).toEqual(["swing_2w"]);
    fireEvent.input(filter, { target: { value: "nobody" } });
    expect(container.textContent).toContain("No bot matches “nobody”");
    fireEvent.keyDown(filter, { key: "Escape" });
    expect(names()).toHaveLength(6);
  });

  it("shows the result of a finished run with the time to the next", async () => {
    const bundle = bundleFixture(WALL);
    bundle.clock = {
      ...(bundle.clock as NonNullable<BotsPageBundle["clock"]>),
      state: "finished",
      next_run_at: new Date(WALL + 24_500).toISOString(),
    };
    await show(bundle);
    const result = await screen.findByRole("region", { name: "Run 1 has ended: no more data" });
    expect(result.textContent).toContain("Run 2 starts in 24 s");
    expect(within(result).getAllByRole("row")).toHaveLength(7);
    expect(result.textContent).toContain("pp");
  });

  it("keeps ratios of few closed trades to itself", async () => {
    await show(bundleFixture(WALL));
    expect(card("orb_ny").textContent).toContain("closed trades n = 7");
    expect(card("swing_1w").textContent).toContain("36 closed: 42\u00a0% won, profit factor 0.73");
  });

  it("announces a fill once, politely, and at most one sentence in five seconds", async () => {
    const first = bundleFixture(WALL);
    const { rerender } = await show(first);
    const region = screen.getByRole("status");
    expect(region.textContent).toBe("");
    const withFill = (id: string, before: BotsPageBundle, price = 254.3): BotsPageBundle => {
      const next = structuredClone(before);
      const orb = next.intraday.bots?.orb_ny as BotView;
      orb.fills_total += 1;
      orb.fills = {
        ...orb.fills,
        [id]: sparse<Fill>({ ts: "2022-05-19T14:32:00Z", symbol: "MSFT", side: "sell", quantity: 196, price }),
      };
      return next;
    };
    const second = withFill("f9", first);
    rerender(page(second));
    await act(async () => {
      await vi.advanceTimersByTimeAsync(10);
    });
    expect(region.textContent).toBe("orb_ny sold 196 MSFT at 254.30 USD.");
    rerender(page(withFill("f10", withFill("f11", second, 255), 256)));
    await act(async () => {
      await vi.advanceTimersByTimeAsync(3000);
    });
    expect(region.textContent).toBe("orb_ny sold 196 MSFT at 254.30 USD.");
    await act(async () => {
      await vi.advanceTimersByTimeAsync(2100);
    });
    expect(region.textContent).toBe("orb_ny sold 196 MSFT at 256.00 USD, the last of 2 fills.");
  });
});
