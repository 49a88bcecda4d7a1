import { render, screen } from "@testing-library/preact";
import { expect, it } from "vitest";
import type { BotView } from "../api/schema";
import { standStill } from "../lib/bench";
import { sparse } from "../lib/fixture";
import AttachedControls from "./attached-controls";

standStill();

const view = (more: Partial<BotView>) =>
  sparse<BotView>({
    bot: "ft",
    foreign: true,
    control_id: "",
    positions: { "XRP/USDT": { quantity: 240 }, "SOL/USDT:USDT": { quantity: -3 } },
    open_orders: {
      o1: { symbol: "LTC/USDT", side: "buy", quantity: 2, type: "limit", limit_price: 50, status: "open" },
      o2: { symbol: "XRP/USDT", side: "sell", quantity: 240, type: "stop", status: "open" },
    },
    locks: { l1: { symbol: "BTC/USDT", until: "2027-01-01T00:00Z", reason: "news" } },
    ...more,
  } as Partial<BotView>);

const buttons = (bot: BotView): string[] => {
  const { unmount } = render(<AttachedControls bot={bot} all={undefined} busy="" />);
  const found = screen.getAllByRole("button").map((each) => each.textContent ?? "");
  unmount();
  return found;
};

it("offers what the bot says that it can do, for each thing that it holds", () => {
  const all = ["pause", "flatten", "stop", "reload", "force_exit", "cancel_order", "delete_lock"];
  expect(buttons(view({ actions: all }))).toEqual([
    "Pause ft",
    "Flatten ft",
    "Stop trader ft",
    "Reload settings ft",
    "Kill switch ft",
    "Exit long XRP/USDT",
    "Exit short SOL/USDT:USDT",
    "Cancel order buy 2 LTC/USDT at 50",
    expect.stringMatching(/^Delete lock BTC\/USDT locked until .*: news$/),
  ]);
});

it("offers nothing that cannot work now, and says why", () => {
  expect(buttons(view({ actions: ["resume", "delete_lock"] }))).toEqual([
    "Resume ft",
    "Kill switch ft",
    expect.stringMatching(/^Delete lock/),
  ]);
  const { container } = render(<AttachedControls bot={view({ actions: [] })} all={undefined} busy="" />);
  expect(container.textContent).toContain("ft cannot be reached at present");
  expect(screen.getAllByRole("button").map((each) => each.textContent)).toEqual(["Kill switch ft"]);
});
