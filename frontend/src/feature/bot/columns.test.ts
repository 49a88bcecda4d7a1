import { describe, expect, it } from "vitest";
import type { BotView, Trade } from "../../api/schema";
import { sparse } from "../../lib/fixture";
import {
  bySymbol,
  COLUMNS,
  filterRows,
  heldMs,
  NEWEST_FIRST,
  type Row,
  rowDecimals,
  shownColumns,
  sortRows,
  tradeReturn,
} from "./columns";
import { withPage } from "./use-rows";
import { waitingOrders } from "./waiting";

const trade = (symbol: string, net: number, day: number, more: Partial<Trade> = {}): Trade => ({
  symbol,
  side: "buy",
  quantity: 10,
  entry_price: 100,
  exit_price: 100 + net / 10,
  opened_at: `2022-05-0${day}T13:30:00Z`,
  ts: `2022-05-1${day}T15:30:00Z`,
  fees: 1,
  slippage: 0.5,
  realized_pnl: net,
  reason: "stop",
  ...more,
});
const ROWS: Row[] = [
  ["tc", "2022-05-13", trade("MSFT", -4, 3)],
  ["tb", "2022-05-12", trade("AAPL", 12, 2, { side: "sell", reason: "no longer a target" })],
  ["ta", "2022-05-11", trade("MSFT", 7, 1, { reason: undefined })],
];
const ids = (rows: readonly Row[]): string => rows.map(([id]) => id).join(" ");

describe("rows of trades", () => {
  it("are sorted by time, by numbers and by words, either way; what has no value comes last", () => {
    const by = (name: string, down: boolean) => ids(sortRows(ROWS, COLUMNS.trades, { by: name, down }));
    expect(ids(sortRows(ROWS, COLUMNS.trades, NEWEST_FIRST))).toBe("tc tb ta");
    expect(by("ts", false)).toBe("ta tb tc");
    expect(by("realized_pnl", true)).toBe("tb ta tc");
    expect(by("realized_pnl", false)).toBe("tc ta tb");
    expect(by("symbol", false)).toBe("tb tc ta");
    expect(by("reason", true)).toBe("tc tb ta");
    expect(by("reason", false)).toBe("tb tc ta");
  });

  it("are filtered by every word, in any column, and by the side as it is shown", () => {
    const found = (filter: string) => ids(filterRows(ROWS, COLUMNS.trades, filter));
    expect(found("")).toBe("tc tb ta");
    expect(found("msft stop")).toBe("tc");
    expect(found("SHORT")).toBe("tb");
    expect(found("2022-05-11")).toBe("ta");
    expect(found("nothing")).toBe("");
  });

  it("say how long they were held and what they returned on their entry", () => {
    const [, , first] = ROWS[0] as Row;
    expect(heldMs(first as Trade)).toBe((10 * 24 + 2) * 3_600_000);
    expect(tradeReturn(first as Trade)).toBeCloseTo(-0.004);
    expect(heldMs(trade("X", 0, 1, { opened_at: "when?" }))).toBeUndefined();
    expect(tradeReturn(trade("X", 0, 1, { entry_price: 0 }))).toBeUndefined();
  });

  it("add up by symbol", () => {
    expect(bySymbol(ROWS)).toEqual([
      expect.objectContaining({ symbol: "AAPL", trades: 1, won: 1, net: 12 }),
      expect.objectContaining({ symbol: "MSFT", trades: 2, won: 1, net: 3, fees: 2, slippage: 1, best: 7, worst: -4 }),
    ]);
    expect(bySymbol([])).toEqual([]);
    const night: Row = ["td", "2022-05-14", trade("MSFT", -2, 4, { borrow: 1.25 })];
    expect(bySymbol([...ROWS, night])[1]).toMatchObject({ symbol: "MSFT", borrow: 1.25, fees: 3 });
  });

  it("have a column for nights only where one was charged", () => {
    const titles = (rows: Row[]) => shownColumns(COLUMNS.trades, rows).map((column) => column.title);
    expect(titles(ROWS)).not.toContain("Borrow");
    expect(titles([...ROWS, ["td", "2022-05-14", trade("MSFT", -2, 4, { borrow: 1.25 })]])).toContain("Borrow");
  });

  it("have the decimals of the tick, or those that a price needs", () => {
    expect(rowDecimals(0.01, ROWS)).toBe(2);
    expect(rowDecimals(undefined, [["a", "", trade("X", 0.005, 1)]])).toBe(4);
  });
});

describe("pages of rows", () => {
  const [newest, middle, oldest] = ROWS as [Row, Row, Row];

  it("are held before the older ones that were read, each row once and as it is now", () => {
    const first = withPage(undefined, "u", [middle, oldest], "p2");
    expect(first).toEqual({ base: "u", rows: [middle, oldest], next: "p2" });
    const again: Row = [middle[0], middle[1], trade("AAPL", 99, 2)];
    expect(withPage(first, "u", [newest, again], "p1")).toEqual({
      base: "u",
      rows: [newest, again, oldest],
      next: "p2",
    });
  });

  it("begin anew where rows lie between, and for another choice", () => {
    const held = { base: "u", rows: [oldest], next: "p9" };
    expect(withPage(held, "u", [newest], "p1")).toEqual({ base: "u", rows: [newest], next: "p1" });
    expect(withPage(held, "v", [oldest], undefined)).toEqual({ base: "v", rows: [oldest] });
  });
});

describe("orders that wait for the open", () => {
  it("are those at the market, in order of decision; stops and targets rest with their position", () => {
    const order = (symbol: string, ts: string, type?: "market" | "stop") => ({
      symbol,
      ts,
      type,
      side: "buy" as const,
      quantity: 1,
      status: "open" as const,
    });
    const bot = sparse<BotView>({
      open_orders: {
        ob: order("BBB", "2022-05-18T20:00:00Z", "market"),
        os: order("CCC", "2022-05-18T20:00:00Z", "stop"),
        oa: order("AAA", "2022-05-18T20:00:00Z"),
        oc: order("ZZZ", "2022-05-17T20:00:00Z", "market"),
      },
    });
    expect(waitingOrders(bot).map(([id]) => id)).toEqual(["oc", "oa", "ob"]);
    expect(waitingOrders(sparse<BotView>({}))).toEqual([]);
  });
});
