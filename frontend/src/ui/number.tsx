/** Figures: absent ones are an empty cell with a spoken `no data`, changed ones light their ground for a moment. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { decimal, direction, isNumber, money, moneyChange, plural, type Unit, way } from "../lib/money";
import { percentChange } from "../lib/percent";
import "./number.css";

const FLASH_MS = 1200;
const FLASHES_A_SECOND = 4; // beyond that the ground holds still, or it would flicker
const MOST_FLASHES = 60; // at one time on a page: beyond that they say nothing and cost every frame
const REDUCED = "(prefers-reduced-motion: reduce)";

/** What a reader hears where nothing is shown. */
export function NoData() {
  return <span className="spoken">no data</span>;
}

/** Times of the last flashes -> `flash`, or `hold` when one more would be more than four a second. Drops old times. */
export function flashOrHold(recent: number[], now: number): "flash" | "hold" {
  while (recent.length > 0 && now - (recent[0] ?? now) >= 1000) recent.shift();
  if (recent.length >= FLASHES_A_SECOND) return "hold";
  recent.push(now);
  return "flash";
}

let flashing = 0;

/** Text whose ground lights up when it changes. Quiet while `still`, e.g. while the bots catch up. */
export function Flash({ text, still, children }: { text: string; still?: boolean; children: ComponentChildren }) {
  const element = useRef<HTMLSpanElement>(null);
  const shown = useRef(text);
  const recent = useRef<number[]>([]);
  const running = useRef<Animation>();
  useEffect(() => {
    const span = element.current;
    if (shown.current === text) return;
    shown.current = text;
    if (!span || still || typeof span.animate !== "function" || matchMedia(REDUCED).matches) return;
    const hold = flashOrHold(recent.current, performance.now()) === "hold";
    running.current?.cancel();
    if (flashing >= MOST_FLASHES) return;
    flashing += 1;
    const animation = span.animate(
      [
        { backgroundColor: "var(--flash)" },
        { backgroundColor: "var(--flash)", offset: hold ? 0.8 : 0.3 },
        { backgroundColor: "transparent" },
      ],
      { duration: FLASH_MS, easing: "ease-out" },
    );
    running.current = animation;
    const over = (): void => {
      if (running.current === animation) running.current = undefined;
      flashing -= 1;
    };
    animation.onfinish = over;
    animation.oncancel = over;
  }, [text, still]);
  return (
    <span ref={element} className="flash">
      {children}
    </span>
  );
}

/** A dotted underline: held from an older cycle, mark or fetch. */
export function Held({ held, children }: { held?: boolean; children: ComponentChildren }) {
  return held ? <span className="held">{children}</span> : children;
}

interface FigureProps {
  value: number | undefined;
  /** The account or total that it is of. */
  of: Unit;
  held?: boolean;
  still?: boolean;
}

/** Money without its code; lights up when it changes. */
export function Money({ value, of, held, still }: FigureProps) {
  if (!isNumber(value)) return <NoData />;
  const text = money(value, of);
  return (
    <Flash text={text} still={still}>
      <Held held={held}>{text}</Held>
    </Flash>
  );
}

const TONE = { [-1]: "down", 0: "even", 1: "up" } as const;
const ARROW = { [-1]: "▼", 0: "", 1: "▲" } as const;

/** A net figure: sign, arrow and colour; zero has none of them. */
export function Net({ value, of, held, still }: FigureProps) {
  if (!isNumber(value)) return <NoData />;
  const sign = way(value, of);
  const text = moneyChange(value, of);
  return (
    <Flash text={text} still={still}>
      <Held held={held}>
        <span className={TONE[sign]}>
          {sign !== 0 && (
            <i className="arrow" aria-hidden="true">
              {ARROW[sign]}
            </i>
          )}
          {text}
        </span>
      </Held>
    </Flash>
  );
}

/** A net result in per cent: sign and colour, no arrow. */
export function NetPercent({ value }: { value: number | undefined }) {
  if (!isNumber(value)) return <NoData />;
  return <span className={TONE[direction(value, 4)]}>{percentChange(value)}</span>;
}

/** Any ready text; empty text is spoken as `no data`. */
export function Value({ children }: { children: string }) {
  return children === "" ? <NoData /> : <span className="nowrap">{children}</span>;
}

const ENOUGH_TRADES = 30; // a ratio of fewer closed trades says more about luck

interface RatioProps {
  text: string;
  closed: number | undefined;
  wins?: number | undefined;
  /** In a narrow column: `6 of 18`, the rest on hover and spoken. */
  isNarrow?: boolean;
}

/** A ratio of closed trades: `6 of 18 won, small sample` in its place below 30 of them. */
export function Ratio({ text, closed, wins, isNarrow = false }: RatioProps) {
  if (closed === undefined) return <NoData />;
  const trades = plural(closed, "trade");
  const few = closed > 0 && closed < ENOUGH_TRADES;
  if (few || text === "") {
    const won = few && wins !== undefined;
    if (few && isNarrow)
      return (
        <span className="few" title={won ? "won; small sample" : "small sample"}>
          {won ? `${wins} of ${closed}` : trades}
          <span className="spoken">{won ? " won, small sample" : ", small sample"}</span>
        </span>
      );
    const sum = won ? `${wins} of ${closed} won` : trades;
    return <span className="few">{few ? `${sum}, small sample` : sum}</span>;
  }
  return (
    <span className="nowrap">
      {text} <small>of {trades}</small>
    </span>
  );
}

/** `0.73`. */
export function factor(value: number | undefined): string {
  return decimal(value, 2);
}
