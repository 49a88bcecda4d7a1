import { expect, it } from "vitest";
import { toCsv } from "./csv";

it("toCsv quotes what needs it and leaves absent cells empty", () => {
  expect(
    toCsv(
      ["a", "b"],
      [
        ["x,y", 1.5],
        ['he said "no"', undefined],
        ["line\nbreak", Number.NaN],
      ],
    ),
  ).toBe('a,b\r\n"x,y",1.5\r\n"he said ""no""",\r\n"line\nbreak",\r\n');
});

it("toCsv keeps a text from becoming a formula", () => {
  expect(toCsv(["a"], [["=1+1"], ["-2"], ["@x"]])).toBe("a\r\n'=1+1\r\n'-2\r\n'@x\r\n");
  expect(toCsv(["a"], [[-2]])).toBe("a\r\n-2\r\n");
});
