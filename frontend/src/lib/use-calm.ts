import { useEffect, useReducer, useRef } from "preact/hooks";

/** `news` at most once in `ms` milliseconds: the first at once, the newest always. */
export function useCalm<T>(news: T, ms: number): T {
  const held = useRef({ shown: news, at: Number.NEGATIVE_INFINITY }).current;
  const [, again] = useReducer((times: number, _: undefined) => times + 1, 0);
  const wait = held.at + ms - performance.now();
  if (!Object.is(news, held.shown) && wait <= 0) Object.assign(held, { shown: news, at: performance.now() });
  const isDue = !Object.is(news, held.shown);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the wait ends when it does, whatever comes meanwhile
  useEffect(() => {
    if (!isDue) return;
    const timer = setTimeout(() => again(undefined), wait);
    return () => clearTimeout(timer);
  }, [isDue, held.at]);
  return held.shown;
}
