import { act, cleanup, render, screen } from "@testing-library/preact";
import { Component, type ComponentChildren } from "preact";
import { afterEach, expect, it, vi } from "vitest";
import { later } from "./later";

afterEach(cleanup);

const Name = ({ name }: { name: string }) => <b>{name}</b>;

it("shows what waits until its code is there, then draws with the newest properties", async () => {
  let give = (_: { default: typeof Name }): void => {};
  const load = vi.fn(() => new Promise<{ default: typeof Name }>((done) => (give = done)));
  const Late = later(load, ({ name }) => <i>soon {name}</i>);
  expect(load).not.toHaveBeenCalled();
  const { container, rerender } = render(<Late name="one" />);
  rerender(<Late name="two" />);
  expect(container.innerHTML).toBe("<i>soon two</i>");
  give({ default: Name });
  await vi.waitFor(() => expect(container.innerHTML).toBe("<b>two</b>"));
  cleanup();
  expect(render(<Late name="three" />).container.innerHTML).toBe("<b>three</b>"); // at once, and asked for once
  expect(load).toHaveBeenCalledOnce();
});

it("throws what its code throws where it is drawn", async () => {
  class Guard extends Component<{ children: ComponentChildren }, { said?: string }> {
    static override getDerivedStateFromError = (error: Error) => ({ said: error.message });
    override render() {
      return this.state.said ? <p>{this.state.said}</p> : this.props.children;
    }
  }
  const Late = later<{ name: string }>(
    () => Promise.reject(new Error("its code is wrong")),
    () => null,
  );
  render(
    <Guard>
      <Late name="one" />
    </Guard>,
  );
  expect(await screen.findByText("its code is wrong")).toBeTruthy();
});

it("comes to nothing when it is gone before its code is there", async () => {
  let give = (_: { default: typeof Name }): void => {};
  const Late = later(
    () => new Promise<{ default: typeof Name }>((done) => (give = done)),
    () => <i>soon</i>,
  );
  const { container, unmount } = render(<Late name="one" />);
  unmount();
  await act(async () => give({ default: Name }));
  expect(container.innerHTML).toBe("");
});
