import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { afterPaint } from "./after-paint";
import { share } from "./share";

const LONG_MS = 4; // making takes a task of its own
const FRAME_MS = 16; // a drawing waits for the frame that shows it: no cost of its own

/** The newest of something, with every part that did not change being the very same object, at the pace of `usePaced`. */
export function useShared<T>(data: T | undefined): T | undefined {
  return usePaced<T>(data, (before) => (data === undefined ? before : share(before, data)));
}

/**
 * What `make` gives of what it gave before, anew each time that `news` is another.
 *
 * News is drawn in the next task while drawing is cheap, not in the one that took it in: that is work enough for one.
 * Where it comes faster than it can be drawn, the newest waits for as long as the last drawing took, so that about half
 * of the time is left for whoever uses the page; what was overtaken meanwhile is never drawn.
 */
export function usePaced<T>(news: unknown, make: (before: T | undefined) => T | undefined): T | undefined {
  const [shown, setShown] = useState(() => make(undefined));
  const pace = useRef({ news, drawn: news, make, shown, begun: 0, freeAt: 0, isDrawing: false });
  const timer = useRef<ReturnType<typeof setTimeout>>();

  const draw = (): void => {
    timer.current = undefined;
    const now = pace.current;
    if (now.isDrawing) return;
    const wait = now.freeAt - performance.now();
    if (wait > 0) {
      timer.current = setTimeout(draw, wait);
      return;
    }
    const begun = performance.now();
    now.drawn = now.news;
    const next = now.make(now.shown);
    if (Object.is(next, now.shown)) return;
    now.shown = next;
    now.begun = begun;
    now.isDrawing = true;
    const show = (): void => {
      timer.current = undefined;
      setShown(next);
    };
    if (performance.now() - begun < LONG_MS) show();
    else timer.current = setTimeout(show); // two tasks, between which the browser paints and hears
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: news is what makes it draw
  useLayoutEffect(() => {
    Object.assign(pace.current, { news, make });
    if (!Object.is(news, pace.current.drawn)) timer.current ??= setTimeout(draw);
  }, [news]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when what is shown has been drawn
  useLayoutEffect(() => {
    const now = pace.current;
    if (!now.isDrawing) return;
    return afterPaint(now.begun, (ms) => {
      now.isDrawing = false;
      now.freeAt = performance.now() + Math.max(0, ms - FRAME_MS);
      if (!Object.is(now.news, now.drawn) && timer.current === undefined) draw();
    });
  }, [shown]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return shown;
}
