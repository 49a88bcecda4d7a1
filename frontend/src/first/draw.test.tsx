import {
  createContext,
  lazy,
  memo,
  Suspense,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { draw } from "./draw";

afterEach(() => vi.restoreAllMocks());

function html(node: React.ReactNode): string {
  const host = document.createElement("div");
  host.append(draw(node).nodes);
  return host.innerHTML;
}

const Place = createContext("nowhere");
const Where = memo(function Where({ of }: { of: string }) {
  return (
    <i>
      {of} is {useContext(Place)}
    </i>
  );
});

describe("draw", () => {
  it("puts every text in as text, whatever it looks like", () => {
    const text = '<img src=x onerror="boom()">&amp;';
    const { nodes } = draw(<p title={text}>{text}</p>);
    const shown = nodes.firstChild as HTMLElement;
    expect(shown.textContent).toBe(text);
    expect(shown.children).toHaveLength(0);
    expect(shown.title).toBe(text);
  });

  it("calls components as React would the first time, and runs no effect and no listener", () => {
    const ran = vi.fn();
    function Count() {
      const [count] = useState(() => 2);
      const twice = useMemo(() => count * 2, [count]);
      const store = useSyncExternalStore(ran, () => "now");
      useEffect(ran);
      return (
        <button type="button" disabled={false} hidden onClick={ran}>
          {twice} {store} {count > 9 && "many"}
        </button>
      );
    }
    expect(html(<Count />)).toBe('<button type="button" hidden="">4 now </button>');
    expect(ran).not.toHaveBeenCalled();
  });

  it("gives each component the contexts around it", () => {
    const page = (
      <>
        <Place value="in">
          <Where of="the first" />
          <Place value="further in">
            <Where of="the second" />
          </Place>
          <Where of="the third" />
        </Place>
        <Where of="the last" />
      </>
    );
    expect(html(page)).toBe(
      "<i>the first is in</i><i>the second is further in</i><i>the third is in</i><i>the last is nowhere</i>",
    );
  });

  it("shows the fallback of what is still on its way, and the thing itself once it is there", async () => {
    const Late = lazy(() => Promise.resolve({ default: () => <b>here</b> }));
    const page = (
      <main>
        <h1>Page</h1>
        <Suspense fallback={<i>soon</i>}>
          <p>
            <Late />
          </p>
        </Suspense>
      </main>
    );
    const { waiting } = draw(page);
    expect(html(page)).toBe("<main><h1>Page</h1><i>soon</i></main>");
    await Promise.all(waiting);
    expect(html(page)).toBe("<main><h1>Page</h1><p><b>here</b></p></main>");
  });

  it("leaves hooks to React again afterwards, also when a component fails", () => {
    const fails = (): never => {
      throw new Error("cannot be drawn");
    };
    const Broken = fails as () => React.ReactNode;
    expect(() => draw(<Broken />)).toThrow("cannot be drawn");
    vi.spyOn(console, "error").mockImplementation(() => {}); // React's advice on hooks
    expect(() => useState(1)).toThrow();
  });
});
