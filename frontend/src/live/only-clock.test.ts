/** @vitest-environment node */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const SOURCES = join(import.meta.dirname, "..");
/** Ways to read the wall clock, or what a browser takes from it. */
const WALL = /Date\.now|new Date\(\s*\)|new Date;|\bDate\(\)|timeOrigin|Temporal\.Now/;
const ALLOWED = ["live/clock.ts"];

it("only the page's clock reads the wall clock", () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter(
    (file) => /\.tsx?$/.test(file) && !file.includes(".test."),
  );
  expect(files.length).toBeGreaterThan(100);
  const found = files.filter((file) => WALL.test(readFileSync(join(SOURCES, file), "utf8")));
  expect(found).toEqual(ALLOWED);
});
