/** The library stands alone: it imports nothing of the app around it, and React only in its hooks. */

import { expect, it } from "vitest";

const files = import.meta.glob<string>("./*.{ts,tsx}", { query: "?raw", import: "default", eager: true });
const sources = Object.entries(files).filter(([name]) => !name.includes(".test."));

it.each(sources)("%s imports only its neighbours", (name, text) => {
  const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, from = ""]) => from);
  const isHook = /\/use[A-Z]/.test(name);
  expect(imports.filter((from) => !/^\.\/\w+\.ts$/.test(from) && !(isHook && from === "react"))).toEqual([]);
  if (!isHook && name !== "./index.ts") expect(imports.join()).not.toMatch(/\/use[A-Z]/);
});

it("has files to look at", () => {
  expect(sources.length).toBeGreaterThan(8);
});
