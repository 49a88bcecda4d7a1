/** Drawing in steps: what takes long to draw is drawn in tasks of its own, between which the browser paints and hears. */

import { useEffect, useState } from "preact/hooks";
import { afterPaint } from "./after-paint";

/** True from the first drawing on where `isReady` is true then; else from the task after it became true. */
export function useNext(isReady: boolean): boolean {
  const [isNext, setNext] = useState(isReady);
  useEffect(() => {
    if (isNext || !isReady) return;
    const timer = setTimeout(() => setNext(true));
    return () => clearTimeout(timer);
  }, [isReady, isNext]);
  return isNext;
}

/**
 * How many of `count` pieces are to be drawn: none in the first frame, then one more in each task. Once all have been
 * drawn, all are: what is added later is drawn at once.
 */
export function useSteps(count: number): number {
  const [drawn, setDrawn] = useState(0);
  const [isPainted, setPainted] = useState(false);
  const isOver = drawn >= count;
  useEffect(() => afterPaint(performance.now(), () => setPainted(true)), []);
  useEffect(() => {
    if (!isPainted || drawn === Number.POSITIVE_INFINITY) return;
    const isAll = isOver || document.hidden; // behind other tabs a task comes once a second, and nobody looks
    const timer = setTimeout(() => setDrawn((before) => (isAll ? Number.POSITIVE_INFINITY : before + 1)));
    return () => clearTimeout(timer);
  }, [isPainted, drawn, isOver]);
  return Math.min(drawn, count);
}

const waiting: (() => void)[] = [];
let isRunning = false;

function next(): void {
  waiting.shift()?.();
  isRunning = waiting.length > 0;
  if (isRunning) setTimeout(next);
}

/** True once it is this one's turn to draw what takes long, a task each: from the first drawing on where `isFirst`. */
export function useTurn(isFirst: boolean): boolean {
  const [isTurn, setTurn] = useState(isFirst);
  useEffect(() => {
    if (isTurn) return;
    const take = (): void => setTurn(true);
    waiting.push(take);
    if (!isRunning) setTimeout(next);
    isRunning = true;
    return () => {
      const at = waiting.indexOf(take);
      if (at >= 0) waiting.splice(at, 1);
    };
  }, [isTurn]);
  return isTurn;
}
