/** The cards of all bots: a few are all drawn, of many those in sight, each a topic of its own. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ownProblem } from "../../bot/state";
import type { States } from "../../bot/states";
import { type Bot, cardId, keyOf } from "../../lib/bot";
import { memo } from "../../lib/memo";
import { count } from "../../lib/money";
import { type Roster, type Told, viewOf } from "../../lib/roster";
import { CARDS } from "../../lib/seen";
import { useSteps } from "../../lib/steps";
import { useSeen } from "../../lib/use-roster";
import { useSlice } from "../../ui/use-slice";
import { Card } from "./card";

const MANY = 24; // cards from which on those in sight are drawn
const GUESS = 700; // px of a card before one is drawn
const MARGIN = 600; // px around what is in sight
const TRIES = 30; // frames in which a card that was scrolled to is drawn

interface Props {
  bots: readonly Bot[];
  states: States;
  roster: Roster;
  cards: ReadonlyMap<string, Told>;
}

/** How many cards stand side by side. */
function useColumns(grid: { current: HTMLElement | null }): [columns: number, gap: number] {
  const [shape, setShape] = useState<[number, number]>([1, 0]);
  useEffect(() => {
    const look = (): void => {
      if (!grid.current) return;
      const { gridTemplateColumns, columnGap } = getComputedStyle(grid.current);
      const columns = gridTemplateColumns.split(" ").length;
      const gap = Number.parseFloat(columnGap) || 0;
      setShape((before) => (before[0] === columns && before[1] === gap ? before : [columns, gap]));
    };
    look();
    addEventListener("resize", look);
    return () => removeEventListener("resize", look);
  }, [grid]);
  return shape;
}

/** Scroll to the card that the address names, also where it is not drawn yet. */
function useLinked(bots: readonly Bot[], bring: (index: number) => void): void {
  const latest = useRef({ bots, bring });
  latest.current = { bots, bring };
  useEffect(() => {
    let frame = 0;
    const go = (): void => {
      cancelAnimationFrame(frame);
      const id = decodeURIComponent(location.hash.slice(1));
      if (!id || document.getElementById(id)) return;
      let left = TRIES;
      const seek = (): void => {
        // the browser marks what its address names as it goes there, and knows where to stop
        if (document.getElementById(id)) {
          location.replace(location.hash);
          return;
        }
        const index = latest.current.bots.findIndex((bot) => cardId(bot) === id);
        left -= 1;
        if (index < 0 || left < 0) return;
        latest.current.bring(index);
        frame = requestAnimationFrame(seek);
      };
      seek();
    };
    go();
    addEventListener("hashchange", go);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("hashchange", go);
    };
  }, []);
}

/** The table is in the first frame; the cards, most of the work, follow it once. */
export const Cards = memo(function Cards({ bots, states, roster, cards }: Props) {
  const isMany = bots.length > MANY;
  const steps = useSteps(isMany ? 1 : bots.length);
  const grid = useRef<HTMLDivElement>(null);
  const [columns, gap] = useColumns(grid);
  const lines = useMemo(() => {
    const found: (readonly Bot[])[] = [];
    for (let at = 0; at < bots.length; at += columns) found.push(bots.slice(at, at + columns));
    return found;
  }, [bots, columns]);
  const text = lines.map(([first]) => first && keyOf(first)).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: equal keys are the same keys
  const keys = useMemo(() => lines.map(([first]) => (first ? keyOf(first) : "")), [text]);
  const isOn = isMany && steps > 0;
  const slice = useSlice(grid, { keys, guess: GUESS, gap, margin: MARGIN, isOn, isPrinted: false });
  const seen = isMany ? (isOn && slice.isInSight ? lines.slice(slice.from, slice.to).flat() : []) : bots;
  useSeen(
    CARDS,
    useMemo(() => seen.map(keyOf), [seen]),
  );
  useLinked(bots, (index) => slice.bring(Math.floor(index / columns)));
  const draw = (bot: Bot, line?: string) => {
    const key = keyOf(bot);
    const state = states.get(key);
    return (
      state && (
        <Card
          key={key}
          bot={bot}
          view={viewOf(cards.get(key)?.part, bot)}
          state={state}
          session={bot.exchange ? roster.sessions?.[bot.exchange] : undefined}
          problem={ownProblem(bot)}
          all={roster.asked}
          isOneOfMany={isMany}
          line={line}
        />
      )
    );
  };
  const isDrawn = isMany ? isOn : steps >= bots.length;
  return (
    <>
      <div className={`cards${isMany ? " many" : ""}`} ref={grid}>
        {isOn
          ? slice.pieces.map((piece) =>
              "space" in piece ? (
                <div key={`space ${piece.key}`} className="space" style={{ height: `${piece.space}px` }} />
              ) : (
                lines
                  .slice(piece.from, piece.to)
                  .flatMap((line, at) => line.map((bot) => draw(bot, keys[piece.from + at])))
              ),
            )
          : bots.slice(0, isMany ? 0 : steps).map((bot) => draw(bot))}
      </div>
      {isMany && (
        <p className="on-paper">
          Of {count(bots.length)} cards those on the screen are printed; the table above has all bots.
        </p>
      )}
      {isDrawn && (
        <footer className="page-foot">
          {roster.clock?.provenance && <p>{roster.clock.provenance}</p>}
          <p>
            Dotted underline: the value is from an earlier update. A replay is never live: its time is the time of the
            recorded bars. Press <kbd>?</kbd> for the keys.
          </p>
        </footer>
      )}
    </>
  );
});
