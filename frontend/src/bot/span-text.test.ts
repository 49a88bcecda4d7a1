import { expect, it } from "vitest";
import type { BotView } from "../api/schema";
import { MARKET, SESSIONS, sparse } from "../lib/fixture";
import { dayText, fallNote, listed, maxFallText, sinceText } from "./span-text";

const bot = (more: object): BotView =>
  sparse<BotView>({ bot: "b", kind: "intraday", currency: "USD", equity: 1, as_of: "x", day: "2022-05-19", ...more });

it("a day that goes on is so far, one that is over is not", () => {
  const ny = Object.entries(SESSIONS).find(([, session]) => session.name === "New York");
  const [exchange = "", session] = ny ?? [];
  const at = (state: string) => ({ [exchange]: { ...session, day: "2022-05-19", state } }) as typeof SESSIONS;
  expect(dayText(bot({ exchange }), at("open"), MARKET)).toBe("19 May so far");
  expect(dayText(bot({ exchange }), at("lunch"), MARKET)).toBe("19 May so far");
  expect(dayText(bot({ exchange }), at("closed"), MARKET)).toBe("19 May");
  expect(dayText(bot({ exchange, day: "2022-05-18" }), at("open"), MARKET)).toBe("18 May");
  expect(dayText(bot({ exchange, kind: "swing" }), at("open"), MARKET)).toBe("19 May");
  expect(dayText(bot({ exchange: "XXXX" }), {}, MARKET)).toBe("19 May so far");
  expect(dayText(bot({ day: "2021-05-19" }), {}, MARKET)).toBe("19 May 2021");
  expect(dayText(bot({ day: undefined }), {}, MARKET)).toBe("");
});

it("the largest drawdown stands with its span and its source", () => {
  const stats = { max_drawdown: 0.59, closed_trades: 0 };
  const of = (drawdown_of: object | undefined) => bot({ stats, drawdown_of });
  expect(maxFallText(of({ source: "file", since: "2022-05-02T13:30Z" }), MARKET)).toBe(
    "max drawdown −59.00\u00a0% since 2 May",
  );
  expect(maxFallText(of({ source: "file" }), MARKET)).toContain("reported by the bot");
  expect(maxFallText(of({ source: "curve", since: "2022-05-19T13:31Z" }), MARKET)).toContain("since 13:31 UTC");
  expect(maxFallText(bot({}), MARKET)).toBe("");
  expect(fallNote(of({ source: "curve", file: 0.02 }))).toBe("from its curve; the bot reports −2.00\u00a0%");
  expect(fallNote(of({ source: "curve", file: 0 }))).toBe("from its curve; the bot reports 0.00\u00a0%");
  expect(fallNote(of({ source: "file", curve: 0.1 }))).toBe("reported by the bot; its curve shows −10.00\u00a0%");
  expect(fallNote(of({ source: "file" }))).toBe("");
});

it("names are listed, many are counted", () => {
  expect([listed([]), listed(["a"]), listed(["a", "b"])]).toEqual(["", "a", "a and b"]);
  expect(listed(["a", "b", "c", "d"])).toBe("a, b, c and d");
  expect(listed(["a", "b", "c", "d", "e"])).toBe("a, b, c and 2 more");
  expect(sinceText(undefined, MARKET)).toBe("since start");
});
