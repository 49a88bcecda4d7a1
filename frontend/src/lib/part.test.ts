import { afterEach, expect, it, vi } from "vitest";
import { arrive } from "./part";

afterEach(() => vi.unstubAllGlobals());

const LOST = new TypeError("Failed to fetch dynamically imported module: http://desk/assets/screen-1.js");

it("asks for what did not arrive under another address, as browsers remember that one failed", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("")));
  const asked: string[] = [];
  const found = await arrive<string>(
    () => Promise.reject(LOST),
    (href) => {
      asked.push(href);
      return Promise.resolve("here");
    },
  );
  expect(found).toBe("here");
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatch(/^http:\/\/desk\/assets\/screen-1\.js\?again=\d+$/);
});

it("waits while nothing answers, and goes on when the network is back", async () => {
  let isBack = false;
  vi.stubGlobal("fetch", () => (isBack ? Promise.resolve(new Response("")) : Promise.reject(new TypeError("no"))));
  const again = vi.fn(() => (isBack ? Promise.resolve("here") : Promise.reject(LOST)));
  const coming = arrive<string>(() => Promise.reject(LOST), again);
  await new Promise((done) => setTimeout(done));
  expect(again).not.toHaveBeenCalled();
  isBack = true;
  dispatchEvent(new Event("online"));
  expect(await coming).toBe("here");
});

it("hands on at once what the code itself throws", async () => {
  const own = new RangeError("Incorrect locale information provided");
  await expect(arrive(() => Promise.reject(own))).rejects.toBe(own);
});
