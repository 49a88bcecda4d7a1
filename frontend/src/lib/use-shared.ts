import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { afterPaint } from "./after-paint";
import { share } from "./share";

const FRAME_MS = 16; // a drawing waits for the frame that shows it: no cost of its own

/**
 * The newest of something, with every part that did not change being the very same object.
 *
 * News is drawn in the next task while drawing is cheap, not in the one that took it in: that is work enough for one. Where it comes faster than it can be drawn, the newest waits for as long
 * as the last drawing took, so that about half of the time is left for whoever uses the page; what was overtaken
 * meanwhile is never drawn.
 */
export function useShared<T>(data: T | undefined): T | undefined {
  const [shown, setShown] = useState(data);
  const pace = useRef({ latest: data, shown: data, begun: 0, freeAt: 0, isDrawing: false });
  const timer = useRef<ReturnType<typeof setTimeout>>();

  const draw = (): void => {
    timer.current = undefined;
    const now = pace.current;
    if (now.isDrawing || now.latest === undefined) return;
    const wait = now.freeAt - performance.now();
    if (wait > 0) {
      timer.current = setTimeout(draw, wait);
      return;
    }
    const next = share(now.shown, now.latest);
    if (Object.is(next, now.shown)) return;
    now.shown = next;
    now.begun = performance.now();
    now.isDrawing = true;
    setShown(next);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: news is what makes it draw
  useLayoutEffect(() => {
    pace.current.latest = data;
    if (!Object.is(data, pace.current.shown)) timer.current ??= setTimeout(draw);
  }, [data]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when what is shown has been drawn
  useLayoutEffect(() => {
    const now = pace.current;
    if (!now.isDrawing) return;
    return afterPaint(now.begun, (ms) => {
      now.isDrawing = false;
      now.freeAt = performance.now() + Math.max(0, ms - FRAME_MS);
      if (!Object.is(now.latest, now.shown) && timer.current === undefined) draw();
    });
  }, [shown]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return shown;
}
