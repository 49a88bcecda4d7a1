import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, expect, it } from "vitest";
import { TERMS } from "../lib/terms";
import { followTerms, Term } from "./term";

HTMLElement.prototype.showPopover ??= function showPopover(this: HTMLElement) {
  this.dataset.open = "true";
};

afterEach(cleanup);

it("is a word of the page until it is pointed at; then its meaning describes it", async () => {
  followTerms();
  render(<Term name="Win rate">win rate</Term>);
  const word = screen.getByRole("button", { name: "win rate" });
  expect(word.textContent).toBe("win rate");
  expect(document.getElementById("term-tip")).toBeNull();
  fireEvent.pointerOver(word);
  await waitFor(() => expect(word.getAttribute("aria-describedby")).toBe("term-tip"));
  expect(document.getElementById("term-tip")?.textContent).toBe(TERMS["Win rate"][1]);
});
