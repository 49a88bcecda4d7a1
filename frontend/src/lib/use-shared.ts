import { startTransition, useEffect, useLayoutEffect, useRef, useState } from "react";
import { share } from "./share";

const FRAME_MS = 16; // a drawing waits for the frame that shows it: no cost of its own
const GIVE_UP_MS = 1000; // after which a frame that never comes (a window behind others) counts as drawn

/**
 * Call `done` with the milliseconds since `begun` once the next frame has been painted; at once where nothing is.
 * Returns how to stop waiting.
 */
function afterPaint(begun: number, done: (ms: number) => void): () => void {
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    done(performance.now() - begun);
  };
  if (document.visibilityState !== "visible") {
    end();
    return end;
  }
  requestAnimationFrame(() => setTimeout(end, 0));
  const timer = setTimeout(end, GIVE_UP_MS);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

/**
 * The newest of something, with every part that did not change being the very same object.
 *
 * News is drawn at once while drawing is cheap. Where it comes faster than it can be drawn, the newest waits for as long
 * as the last drawing took, so that about half of the time is left for whoever uses the page; what was overtaken
 * meanwhile is never drawn.
 */
export function useShared<T>(data: T | undefined): T | undefined {
  const [shown, setShown] = useState(data);
  const pace = useRef({ latest: data, shown: data, begun: 0, freeAt: 0, isDrawing: false });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

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
    startTransition(() => setShown(next)); // drawn in slices, between which the page answers
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: news is what makes it draw
  useLayoutEffect(() => {
    pace.current.latest = data;
    if (timer.current === undefined) draw();
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
