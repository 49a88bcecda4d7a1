import { cleanup, render, screen, within } from "@testing-library/preact";
import { afterEach, expect, it } from "vitest";
import { type Column, Table, TableBox } from "./table";

interface Fruit {
  name: string;
  price: number;
  error?: string;
}

const FRUIT: Fruit[] = [
  { name: "apple", price: 2 },
  { name: "pear", price: 3, error: "rotten" },
];
const COLUMNS: Column<Fruit>[] = [
  { name: "Fruit", cell: ({ name }) => name },
  { name: "Price", term: "Price", note: "today", className: "left", cellClass: "soft", cell: ({ price }) => price },
  { name: "Twice", label: "2 x", tip: ({ name }) => `two of ${name}`, cell: ({ price }) => 2 * price },
];

afterEach(cleanup);

it("heads rows and columns, and explains a heading that has a word of the glossary", () => {
  render(<Table columns={COLUMNS} rows={FRUIT} keyOf={({ name }) => name} caption="Prices of fruit" />);
  expect(screen.getByRole("table", { name: "Prices of fruit" })).toBeTruthy();
  expect(screen.getAllByRole("columnheader").map(({ textContent }) => textContent)).toEqual([
    "Fruit",
    "Pricetoday",
    "Twice",
  ]);
  expect(screen.getAllByRole("rowheader").map(({ textContent }) => textContent)).toEqual(["apple", "pear"]);
  const price = screen.getByRole("columnheader", { name: /Price/ });
  expect([price.className, within(price).getByRole("button").dataset.term]).toEqual(["left", "Price"]);
  const [, cell] = within(screen.getByRole("row", { name: /apple/ })).getAllByRole("cell");
  expect([cell?.title, cell?.dataset.name, cell?.textContent]).toEqual(["two of apple", "2 x", "4"]);
});

it("puts other cells in a row's place, rows after it, and rows and a foot after all", () => {
  render(
    <Table
      columns={COLUMNS}
      rows={FRUIT}
      instead={({ error }) => (error ? <td colSpan={2}>{error}</td> : undefined)}
      rowClass={({ error }) => (error ? "bad" : undefined)}
      after={({ name }) =>
        name === "apple" && (
          <tr>
            <td>more of apple</td>
          </tr>
        )
      }
      foot={
        <tr>
          <td>5</td>
        </tr>
      }
    >
      <tr>
        <td>and others</td>
      </tr>
    </Table>,
  );
  const rows = screen.getAllByRole("row").map(({ textContent, className }) => `${textContent} ${className}`.trim());
  expect(rows).toEqual(["FruitPricetodayTwice", "apple24", "more of apple", "pearrotten bad", "and others", "5"]);
});

it("stands in a box that can be scrolled by keyboard", () => {
  render(<TableBox box="scroll" name="Fruit" columns={COLUMNS} rows={[]} below={<p>None.</p>} />);
  const box = screen.getByRole("region", { name: "Fruit" });
  expect([box.tabIndex, box.textContent]).toEqual([0, "FruitPricetodayTwiceNone."]);
});
