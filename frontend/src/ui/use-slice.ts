/** Which of many lines of a list are drawn: those in sight, some around them, and those that somebody is using. */

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { drawNow } from "../lib/draw-now";

/** Lines `from` to before `to` are drawn; `space` px of lines that are not stand in place of others. */
export type Piece = { from: number; to: number } | { space: number; key: string };

interface Options {
  /** Keys of all lines, in order. */
  keys: readonly string[];
  /** Height of a line before one was drawn, px. */
  guess: number;
  /** Between two lines, px. */
  gap?: number;
  /** Pixels around what is in sight that are drawn too. */
  margin: number;
  /** False to draw all. */
  isOn: boolean;
  /** True to draw all on paper. */
  isPrinted: boolean;
}

interface Slice {
  pieces: Piece[];
  /** What is drawn now, in order: with `isInSight` false nothing of it is near the window. */
  from: number;
  to: number;
  isInSight: boolean;
  /** Scroll until the line of that index is in sight. */
  bring(index: number): void;
}

interface Range {
  from: number;
  to: number;
  isInSight: boolean;
  /** Index of a line that is in use: what has the focus, or an open menu or dialog. */
  used: number;
}

/** Drawings after a scroll that seek what is in sight anew: heights that are known only then settle within two. */
const PASSES = 5;

/** Attribute by which a drawn line says its key. */
export const LINE = "data-line";

/** First index whose line ends below `top`, and the one after the last that begins above `bottom`. */
export function rangeOf(ends: readonly number[], gap: number, top: number, bottom: number): [number, number] {
  let from = 0;
  while (from < ends.length && (ends[from] as number) < top) from += 1;
  let to = from;
  while (to < ends.length && (to === 0 ? 0 : (ends[to - 1] as number) + gap) < bottom) to += 1;
  return [from, to];
}

/** What is drawn of `count` lines, with room in place of the others. */
export function piecesOf(ends: readonly number[], gap: number, { from, to, used }: Omit<Range, "isInSight">): Piece[] {
  const count = ends.length;
  const drawn: [number, number][] = [[from, to]];
  if (used >= 0 && used < from) drawn.unshift([used, used + 1]);
  else if (used >= to && used < count) drawn.push([used, used + 1]);
  const pieces: Piece[] = [];
  const leave = (begin: number, end: number): void => {
    if (end <= begin) return;
    const start = begin === 0 ? 0 : (ends[begin - 1] as number) + gap;
    // another place, another element: one that moved by a screen would be a shift of what is seen
    pieces.push({ space: Math.max(0, (ends[end - 1] as number) - start), key: `${begin} ${end}` });
  };
  let at = 0;
  for (const [begin, end] of drawn) {
    leave(at, begin);
    if (end > begin) pieces.push({ from: begin, to: end });
    at = end;
  }
  leave(at, count);
  return pieces;
}

/**
 * Draw a part of a list in `host`, whose lines have `LINE`; it scrolls with the page, or in `box`.
 *
 * Heights are measured as lines are drawn; what was not drawn yet counts as high as the first ones on average.
 */
export function useSlice(host: RefObject<HTMLElement>, options: Options, box?: RefObject<HTMLElement>): Slice {
  const heights = useRef(new Map<string, number>());
  const latest = useRef(options);
  latest.current = options;
  const { keys, guess, gap = 0, isOn } = options;
  const [range, setRange] = useState<Range>(() => ({ from: 0, to: firstTo(options), isInSight: true, used: -1 }));
  const [turn, measured] = useReducer((times: number, _: undefined) => times + 1, 0);
  const [isPrinting, setPrinting] = useState(false);

  // of the first that were drawn, once: were it another each time, all that is not drawn would be moved
  const average = useRef<number>();
  if (average.current === undefined && heights.current.size > 0) {
    const known = [...heights.current.values()];
    average.current = known.reduce((sum, each) => sum + each, 0) / known.length;
  }
  const mean = average.current ?? guess;
  const ends: number[] = [];
  if (isOn) {
    let end = -gap;
    for (const key of keys) {
      end += gap + (heights.current.get(key) ?? mean);
      ends.push(end);
    }
  }
  const layout = useRef({ ends });
  layout.current.ends = ends;

  const passes = useRef(0);
  const looked = useRef(keys);

  const measure = (): void => {
    let isOther = false;
    for (const line of host.current?.querySelectorAll<HTMLElement>(`:scope > [${LINE}]`) ?? []) {
      const height = line.offsetHeight;
      const key = line.getAttribute(LINE) as string;
      if (height === 0 || Math.abs((heights.current.get(key) ?? 0) - height) < 1) continue;
      heights.current.set(key, height);
      isOther = true;
    }
    if (isOther) measured(undefined);
  };

  const look = (): void => {
    const element = host.current;
    const now = latest.current;
    if (!element || !now.isOn) return;
    const top = element.getBoundingClientRect().top;
    const frame = box?.current?.getBoundingClientRect();
    const above = Math.max(0, frame?.top ?? 0);
    const below = Math.min(innerHeight, frame?.bottom ?? innerHeight);
    const isInSight =
      below + now.margin > above - now.margin && below > -now.margin && above < innerHeight + now.margin;
    const { ends } = layout.current;
    const [first, end] = isInSight
      ? rangeOf(ends, now.gap ?? 0, above - top - now.margin, below - top + now.margin)
      : [0, 0];
    const from = Math.max(0, Math.min(first, ends.length - 1)); // one at least: what is not drawn cannot be come to
    const to = Math.max(end, Math.min(from + 1, ends.length));
    const user =
      element.querySelector(":popover-open, dialog[open]") ??
      (element.contains(document.activeElement) ? document.activeElement : null);
    const line = user?.closest(`[${LINE}]`)?.getAttribute(LINE);
    const used = line ? now.keys.indexOf(line) : -1;
    setRange((before) => {
      const next = isInSight ? { from, to, used, isInSight } : { ...before, used, isInSight };
      const isSame =
        next.from === before.from &&
        next.to === before.to &&
        next.used === before.used &&
        next.isInSight === before.isInSight;
      return isSame ? before : next;
    });
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is drawn is measured, and what is in sight by that sought
  useLayoutEffect(() => {
    passes.current = looked.current === keys ? passes.current + 1 : 0;
    looked.current = keys;
    if (!isOn || passes.current > PASSES) return;
    measure();
    look();
  }, [isOn, keys, range, turn]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: both read what is the newest
  useEffect(() => {
    if (!isOn) return;
    const onScroll = (): void => {
      passes.current = 0;
      measure();
      look();
    };
    const onResize = (): void => {
      heights.current.clear();
      average.current = undefined;
      onScroll();
    };
    const print = (): void => drawNow(() => setPrinting(true)); // before this returns: then it is on paper
    const printed = (): void => setPrinting(false);
    document.addEventListener("scroll", onScroll, { capture: true, passive: true }); // of the page and of the box
    addEventListener("resize", onResize);
    addEventListener("beforeprint", print);
    addEventListener("afterprint", printed);
    return () => {
      document.removeEventListener("scroll", onScroll, { capture: true });
      removeEventListener("resize", onResize);
      removeEventListener("beforeprint", print);
      removeEventListener("afterprint", printed);
    };
  }, [isOn]);

  const count = keys.length;
  if (!isOn || (isPrinting && options.isPrinted))
    return { pieces: [{ from: 0, to: count }], from: 0, to: count, isInSight: true, bring: () => {} };
  const from = Math.min(range.from, count);
  const to = Math.min(Math.max(range.to, from), count);
  return {
    pieces: piecesOf(ends, gap, { from, to, used: range.used }),
    from,
    to,
    isInSight: range.isInSight,
    bring: (index) => {
      const element = host.current;
      if (!element || !(index >= 0)) return;
      const start = index === 0 ? 0 : (ends[index - 1] as number) + gap;
      if (box?.current) box.current.scrollTop = start;
      else scrollTo(0, scrollY + element.getBoundingClientRect().top + start - innerHeight / 4);
    },
  };
}

const FIRST = 4; // lines: they tell how high the others are, and where they are

/** How many lines are drawn before anything is measured. */
function firstTo({ keys, guess, margin }: Options): number {
  return Math.min(keys.length, FIRST, Math.ceil((800 + margin) / guess));
}
