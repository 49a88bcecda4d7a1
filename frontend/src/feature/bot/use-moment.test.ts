import { expect, it, vi } from "vitest";
import type { PastState } from "../../api/schema";
import { type Moment, Moments } from "./use-moment";

const stateOf = (number: number) => ({ number }) as PastState;

function started(count = 100) {
  const told: Moment[] = [];
  const asked: number[] = [];
  const waiting = new Map<string, { give: () => void; refuse: (error: Error) => void }>();
  const moments = new Moments(
    (index) => `${index}`,
    count,
    (moment) => told.push(moment),
    (url) =>
      new Promise((resolve, reject) => {
        asked.push(Number(url));
        waiting.set(url, { give: () => resolve(stateOf(Number(url))), refuse: reject });
      }),
  );
  const answer = async (index: number) => {
    await vi.waitFor(() => expect(waiting.has(`${index}`)).toBe(true));
    waiting.get(`${index}`)?.give();
    await Promise.resolve();
  };
  return { moments, told, asked, waiting, answer };
}

it("asks for one at a time, and for the newest wish next", async () => {
  const { moments, told, asked, answer } = started();
  for (const index of [5, 6, 7, 40]) moments.want(index);
  expect(asked).toEqual([5]);
  await answer(5);
  await answer(40);
  await vi.waitFor(() => expect(told.map(({ index }) => index)).toEqual([40]));
  expect(asked.slice(0, 3)).toEqual([5, 40, 41]);
});

it("has what comes next before it is wanted", async () => {
  const { moments, told, asked, answer } = started();
  moments.want(10);
  for (const index of [10, 11, 12]) await answer(index);
  await vi.waitFor(() => expect(asked).toEqual([10, 11, 12]));
  await Promise.resolve();
  moments.want(11);
  expect(told.at(-1)).toEqual({ index: 11, state: stateOf(11), error: "" });
});

it("says why one cannot be had, and asks again when it is wanted again", async () => {
  const { moments, told, asked, waiting } = started();
  moments.want(3);
  await vi.waitFor(() => expect(waiting.has("3")).toBe(true));
  waiting.get("3")?.refuse(new Error("schema version 9"));
  await vi.waitFor(() => expect(told).toEqual([{ index: 3, error: "schema version 9" }]));
  moments.want(3);
  await vi.waitFor(() => expect(asked).toEqual([3, 3]));
});

it("asks for nothing behind the last one, and says nothing once it is closed", async () => {
  const { moments, told, asked, answer } = started(4);
  moments.want(3);
  moments.close();
  await answer(3);
  await Promise.resolve();
  expect(asked).toEqual([3]);
  expect(told).toEqual([]);
});
